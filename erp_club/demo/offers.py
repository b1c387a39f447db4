"""The offers of the demo chain, as documents: one of each kind that a visitor would try first at the till."""

from typing import Any

_ON_TOP = {"mode": "stackable", "stage": "basket"}

OFFERS: tuple[dict[str, Any], ...] = (
    {
        "code": "SOUP-3FOR2",
        "names": {
            "en": "Soups 3 for 2",
            "he": "מרקים 3 במחיר 2",
            "fi": "Keitot 3 kahden hinnalla",
            "sv": "Soppor 3 för 2",
        },
        "rewards": [{"kind": "buy_get", "size": 3, "on": {"groups": ["SOUP"]}}],
    },
    {
        "code": "PIZZA-SECOND-HALF",
        "names": {
            "en": "Second pizza at half price",
            "he": "פיצה שנייה בחצי מחיר",
            "fi": "Toinen pizza puoleen hintaan",
            "sv": "Andra pizzan till halva priset",
        },
        "rewards": [{"kind": "buy_get", "size": 2, "off_bp": 5000, "on": {"groups": ["FROZEN PIZZA"]}}],
    },
    {
        "code": "GOLD-PRODUCE",
        "names": {
            "en": "Gold Club: 10% off fruit and vegetables",
            "he": "מועדון הזהב: 10% הנחה על פירות וירקות",
            "fi": "Kultaklubi: 10 % hedelmistä ja vihanneksista",
            "sv": "Guldklubben: 10 % på frukt och grönt",
        },
        "rewards": [{"kind": "percent", "value_bp": 1000, "on": {"departments": ["PRODUCE"]}}],
        "when": {"clubs": ["GOLD"]},
        "receipt_message": {
            "en": "Thank you for being a Gold member.",
            "he": "תודה על חברותכם במועדון הזהב.",
            "fi": "Kiitos, että olet Kultaklubin jäsen.",
            "sv": "Tack för att du är medlem i Guldklubben.",
        },
    },
    {
        "code": "SPEND-150",
        "names": {
            "en": "15 off from 150 on",
            "he": "15 הנחה בקנייה מעל 150",
            "fi": "15 alennus yli 150:n ostoksista",
            "sv": "15 i rabatt från 150",
        },
        "rewards": [{"kind": "amount", "value_minor": 15_00}],
        "when": {"amount_minor": 150_00},
        "combination": _ON_TOP,
        "limits": {"per_basket": 1},
    },
    {
        "code": "COFFEE-COOKIES",
        "names": {
            "en": "Coffee and cookies: 20% off together",
            "he": "קפה ועוגיות: 20% הנחה יחד",
            "fi": "Kahvi ja keksit: −20 % yhdessä",
            "sv": "Kaffe och kakor: 20 % tillsammans",
        },
        "rewards": [
            {
                "kind": "bundle",
                "slots": [
                    {"on": {"groups": ["COFFEE"]}, "quantity": 1},
                    {"on": {"groups": ["COOKIES/CONES"]}, "quantity": 1},
                ],
                "off_bp": 2000,
            }
        ],
    },
    {
        "code": "WELCOME-10",
        "names": {
            "en": "Welcome: 10% off with the code",
            "he": "ברוכים הבאים: 10% הנחה עם הקוד",
            "fi": "Tervetuloa: −10 % koodilla",
            "sv": "Välkommen: 10 % med koden",
        },
        "rewards": [{"kind": "percent", "value_bp": 1000, "cap_minor": 50_00}],
        "activation": {"by": "code", "code": "WELCOME"},
        "limits": {"per_member": 1},
    },
    {
        "code": "SORRY-5",
        "names": {
            "en": "Goodwill: 5% off",
            "he": "מחווה ללקוח: 5% הנחה",
            "fi": "Hyvitys: −5 %",
            "sv": "Gottgörelse: 5 %",
        },
        "rewards": [{"kind": "percent", "value_bp": 500}],
        "activation": {"by": "cashier"},
        "combination": _ON_TOP,
        "till_message": {
            "en": "Only where something went wrong.",
            "he": "רק כשמשהו השתבש.",
            "fi": "Vain jos jokin meni pieleen.",
            "sv": "Bara om något gick fel.",
        },
        "hint": False,
    },
    {
        "code": "FAMILY-BABY",
        "names": {
            "en": "Family Club: double points on baby food",
            "he": "מועדון המשפחה: נקודות כפולות על מזון לתינוקות",
            "fi": "Perheklubi: tuplapisteet vauvanruoasta",
            "sv": "Familjeklubben: dubbla poäng på barnmat",
        },
        "rewards": [{"kind": "points", "club": "FAMILY", "multiplier_bp": 20000, "on": {"groups": ["BABY FOODS"]}}],
        "when": {"clubs": ["FAMILY"]},
    },
    {
        "code": "FAMILY-POINTS",
        "names": {
            "en": "Family Club: pay with points",
            "he": "מועדון המשפחה: תשלום בנקודות",
            "fi": "Perheklubi: maksa pisteillä",
            "sv": "Familjeklubben: betala med poäng",
        },
        "rewards": [{"kind": "redeem", "club": "FAMILY", "worth_points": 1, "worth_minor": 1}],
        "activation": {"by": "cashier"},
        "combination": {"mode": "stackable"},
    },
    {
        "code": "GOLD-POINTS",
        "names": {
            "en": "Gold Club: pay with points",
            "he": "מועדון הזהב: תשלום בנקודות",
            "fi": "Kultaklubi: maksa pisteillä",
            "sv": "Guldklubben: betala med poäng",
        },
        "rewards": [{"kind": "redeem", "club": "GOLD", "worth_points": 1, "worth_minor": 2}],
        "activation": {"by": "cashier"},
        "combination": {"mode": "stackable"},
    },
)
