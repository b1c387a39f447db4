"""What people are called for short. Pure.

One record says Yosef and the next person at the till says Yossi. No rule of sounds tells that; a table does. On each
line whole names stand before the colon and short ones behind it: names apart by commas, the spellings of one by spaces.
Whoever types one spelling is also shown those who have a name of the other side, after those who have the one typed.
Short names that the whole one begins with (Dan, Max) are mostly left out: beginnings are found anyhow.
"""

import itertools
from collections.abc import Iterable
from dataclasses import replace

from erp_club.customers.names.matching import Match
from erp_club.customers.names.spelling import surface

COUNTS = 0.84
"""What a word counts that the other name matches: less than any spelling of the typed one, and than most slips."""
NEAR_ENOUGH = 0.9
"""How well a word has to match the other name: a name that is like a nickname is nobody's."""

_TABLE = """
avraham abraham אברהם авраам: avi אבי ави
yosef joseph josef יוסף йосеф иосиф: yossi yosi jossi יוסי йоси, joe joey ג'ו
yitzhak itzhak isaac יצחק ицхак: itzik איציק ицик
yaakov jacob jakob יעקב яаков яков: kobi koby קובי коби
moshe moses משה моше: moshik מושיק
eliyahu elijah אליהו элиягу, eliezer אליעזר элиэзер: eli אלי эли
mordechai mordehai mordechay מרדכי мордехай: moti motti מוטי моти
david דוד דויד давид: dudi דודי дуди, dave דייב
shmuel samuel שמואל шмуэль самуил: shmulik שמוליק шмулик, sami sammy סמי
binyamin benjamin בנימין биньямин: beni benny בני бени
aryeh arie אריה арье, ariel אריאל ариэль: arik אריק арик
ehud אהוד эхуд: udi אודי уди
yehuda judah יהודה йегуда: yuda יודה
shlomo solomon שלמה шломо: shlomi שלומי шломи
yisrael israel ישראל исраэль: srulik שרוליק
menachem menahem מנחם менахем: meni מני мени
netanel nathaniel נתנאל нетанель: nati נתי нати
yonatan jonathan יונתן йонатан, yehonatan יהונתן: yoni יוני йони, johnny ג'וני
gabriel gavriel גבריאל габриэль: gabi gaby גבי габи
rafael raphael refael רפאל рафаэль: rafi רפי рафи
daniel דניאל даниэль даниил: dani danny דני дани
zvi tzvi צבי цви: zvika tzvika צביקה цвика
yehezkel yechezkel יחזקאל йехезкель: hezi chezi חזי
shimon simon שמעון шимон: shimi שימי
reuven ruben ראובן реувен: ruvi rubi רובי
efraim ephraim אפרים эфраим: efi effi אפי
pinchas pinhas פנחס פינחס пинхас: pini פיני
michael מיכאל михаэль михаил, mikhail מיכאיל: miki mickey micky מיקי мики, mike מייק майк, misha מישה миша
shoshana shoshanna שושנה шошана: shosh שוש, shoshi שושי
rivka rebecca רבקה ривка: riki ricky ריקי рики, becky בקי
ester esther אסתר эстер: esti esty אסתי эсти
miriam מרים мирьям: miri מירי мири
hannah chana hana חנה хана: hani chani חני
sarah sara שרה сара: sari שרי сари
yehudit judith יהודית юдит: judy ג'ודי
tzipora zipora ציפורה צפורה ципора: tzipi zipi ציפי ципи
dvora deborah devora דבורה двора: debbie debi דבי
shulamit שולמית шуламит: shula שולה, shuli שולי
tamar tamara תמר תמרה тамар тамара: tami תמי тами, toma тома
ruth rut רות рут: ruti ruthie רותי рути
victoria viktoria ויקטוריה виктория: vicky viki ויקי вики, vika ויקה вика
alexander aleksandr alexandr אלכסנדר александр, alexandra aleksandra אלכסנדרה александра: \
alex אלכס алекс, sasha סשה саша, shura שורה шура
alexei aleksey alexey אלכסיי алексей: alyosha אליושה алёша алеша, lyosha лёша леша
ekaterina yekaterina katerina יקטרינה קטרינה екатерина: katya katia קטיה катя
evgeny yevgeny evgeni evgenii יבגני евгений, evgenia yevgenia יבגניה евгения: zhenya jenya ז'ניה женя
dmitry dmitri dmitriy דמיטרי дмитрий: dima דימה дима, mitya митя
vladimir ולדימיר владимир: vova וובה вова, volodya ולודיה володя, vlad ולד влад
vladislav ולדיסלב владислав: vlad ולד влад, slava סלבה слава
vyacheslav ויאצ'סלב вячеслав, yaroslav ירוסלב ярослав, stanislav סטניסלב станислав: slava סלבה слава, stas סטס стас
sergey sergei סרגיי сергей: seryozha סריוז'ה серёжа сережа
nikolai nikolay ניקולאי ניקולאי николай: kolya קוליה коля
anatoly anatoli anatoliy אנטולי анатолий: tolya טוליה толя
konstantin קונסטנטין константин: kostya קוסטיה костя
pavel פאבל פבל павел: pasha פאשה паша
ivan איבן иван: vanya ваня ואניה
yuri yury iurii יורי юрий: yura יורה юра
boris בוריס борис: borya בוריה боря
leonid לאוניד леонид: lyonya ליוניה лёня леня
gennady genadi gennadiy גנאדי геннадий: gena גנה гена
valery valeri ולרי валерий, valeria ולריה валерия: valera ולרה валера, lera לרה лера
vasily vasili ואסילי василий: vasya ואסיה вася
grigory grigori גריגורי григорий: grisha גרישה гриша
natalia natalya נטליה наталья наталия: natasha נטשה наташа
maria mariya מריה мария: masha מאשה маша, mary מרי, maija, mari
anastasia anastasiya אנסטסיה анастасия: nastya נסטיה настя
olga אולגה ольга: olya אוליה оля
tatiana tatyana טטיאנה татьяна: tanya טניה таня
lyudmila ludmila לודמילה людмила: lyuda לודה люда, mila מילה мила
larisa לריסה лариса: lara לרה лара
svetlana סבטלנה светлана: sveta סבטה света
elena yelena אלנה ילנה елена: lena לנה лена
irina אירינה ирина: ira אירה ира
galina גלינה галина: galya גליה галя
elizaveta יליזבטה елизавета: liza ליזה лиза
margarita מרגריטה маргарита: rita ריטה рита
nadezhda נדז'דה надежда: nadya נדיה надя
lyubov liubov ליובוב любовь: lyuba ליובה люба
anna אנה анна: anya אניה аня, annie
daria darya דריה дарья: dasha דשה даша
ksenia xenia קסניה ксения: ksyusha ксюша קסיושה
zinaida זינאידה зинаида: zina זינה зина
raisa ראיסה раиса: raya ראיה рая
elizabeth elisabeth elisabet אליזבת элизабет: liz ליז, beth, betty בטי, liisa lisa, bettan
katherine catherine kathryn catharina katarina katariina קתרין катарина: kate kathy katie קייט, kati, kaisa kajsa, katri
margaret margareta margaretha מרגרט: maggie peggy, greta, marketta, reetta, maggan
william ויליאם уильям: bill billy ביל, will willy
robert רוברט роберт: bob bobby בוב, rob robban
richard ריצ'רד ричард: rick dick ריק
james ג'יימס джеймс: jim jimmy ג'ים
john ג'ון джон: jack johnny ג'ק
thomas tomas תומס томас: tom tommy טום, tomi
christopher kristoffer כריסטופר: chris כריס
christina kristina kristiina christine כריסטינה кристина: tina tiina טינה, kicki, stina, kirsi
jennifer ג'ניפר: jenny jen ג'ני
patricia פטרישיה: pat patty פט
edward אדוארד эдуард: eddie ed אדי эдик, ted
theodore תיאודור: ted teddy טד
charles צ'רלס чарльз: charlie chuck צ'רלי
andrew אנדרו: andy drew אנדי
anthony אנתוני: tony טוני
stephen steven סטיבן: steve סטיב
susan סוזן: sue susie סוזי
lawrence לורנס: larry לארי
frederick fredrik: fred freddy fredde
johannes johan juhani: jussi, juha, hannu, hannes, janne
johanna ג'ואנה: hanna
aleksanteri: santeri
antero: antti
helena: leena
mikael: mikko, micke
lars: lasse
nils: nisse
karl carl: kalle
joakim joachim: jocke
per: pelle
bengt: benke
birgitta: gittan
magnus: mange
sebastian: sebbe
tobias: tobbe
"""


def _read(table: str) -> dict[str, tuple[str, ...]]:
    """To the bare letters of each spelling the names of the other side, each by its first spelling."""
    found: dict[str, dict[str, None]] = {}
    for line in table.splitlines():
        sides = [[name.split() for name in side.split(",")] for side in line.split(":")]
        for names, others in zip(sides, reversed(sides), strict=True):
            firsts = dict.fromkeys(spellings[0] for spellings in others)
            for spelling in itertools.chain.from_iterable(names):
                found.setdefault(surface(spelling), {}).update(firsts)
    return {spelling: tuple(others) for spelling, others in found.items()}


_OTHERS = _read(_TABLE.strip())


def also_called(word: str) -> tuple[str, ...]:
    """What somebody who is called so may be called too.

    >>> also_called("Моти"), also_called("אליהו"), also_called("Noa")
    (('mordechai',), ('eli',), ())
    """
    return _OTHERS.get(surface(word), ())


def counted(found: Iterable[Match]) -> list[Match]:
    """The words that match another name of somebody, at what they count for the one that was typed."""
    return [replace(each, score=each.score * COUNTS, spelt=False) for each in found if each.score >= NEAR_ENOUGH]
