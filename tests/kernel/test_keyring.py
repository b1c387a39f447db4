# REQ C-04: the keys of ID numbers are made once, stay outside the database, and belong to one database
import stat
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Unavailable
from erp_club.kernel.kept_keys import check_keys, fingerprints, keyring_of
from erp_club.kernel.keyring import Keyring, new_keys


def test_the_file_of_the_keys_is_made_when_first_needed_for_its_owner_alone(tmp_path: Path):
    file = tmp_path / "home" / "keyring"
    keyring = Keyring(file=file)
    assert not file.exists()
    number, sealed = keyring.seal("355675463")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    again = Keyring(file=file)
    assert again.open(number, sealed) == "355675463"
    assert again.digest("id", "1") == keyring.digest("id", "1") != keyring.digest("other", "1")


def test_one_number_looks_different_each_time_that_it_is_sealed():
    keyring = Keyring(text=new_keys())
    one, other = keyring.seal("355675463"), keyring.seal("355675463")
    assert one != other
    assert b"355675463" not in one[1]
    assert keyring.open(*one) == keyring.open(*other) == "355675463"


def test_a_new_key_seals_and_the_old_one_still_opens(tmp_path: Path):
    file = tmp_path / "keyring"
    keyring, running = Keyring(file=file), Keyring(file=file)
    old = running.seal("old")
    assert keyring.add_key() == 2
    new = keyring.seal("new")
    assert (old[0], new[0]) == (1, 2)
    assert keyring.open(*old) == "old"
    assert running.open(*new) == "new"  # a process that runs reads the new key when it meets it


def test_keys_in_a_setting_are_changed_by_its_owner_alone():
    with pytest.raises(Unavailable) as refused:
        Keyring(text=new_keys()).add_key()
    assert refused.value.code == "keyring-in-setting"


@pytest.mark.parametrize(
    "text",
    ["x", "1:abc", new_keys().split(",")[0], new_keys() + ",1:" + "A" * 43 + "=", "é"],
    ids=["no number", "short", "one alone", "a number twice", "not ASCII"],
)
def test_a_keyring_that_cannot_be_read_is_refused(text: str):
    with pytest.raises(Unavailable) as refused:
        Keyring(text=text).seal("x")
    assert refused.value.code == "keyring-unreadable"


def test_what_another_key_sealed_is_not_opened():
    sealed = Keyring(text=new_keys()).seal("x")
    with pytest.raises(Unavailable) as refused:
        Keyring(text=new_keys()).open(*sealed)
    assert refused.value.code == "keyring-wrong"


def test_a_database_takes_the_keys_only_that_it_was_begun_with(session: Session):
    mine = keyring_of(session, writes=True)
    assert set(fingerprints(session)) == {0, 1}
    check_keys(session, mine)
    other = Keyring(text=new_keys())
    session.info["keyring"] = other
    for asked in (lambda: keyring_of(session), lambda: check_keys(session, other)):
        with pytest.raises(Unavailable) as refused:
            asked()
        assert refused.value.code == "keyring-wrong"


def test_a_process_without_keys_says_so(session: Session):
    session.info["keyring"] = Keyring()
    with pytest.raises(Unavailable) as refused:
        keyring_of(session, writes=True)
    assert refused.value.code == "keyring-missing"
