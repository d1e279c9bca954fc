"""Secrets are never shown, in whatever form a sender writes them, and are read back only with their key."""

import json
from urllib.parse import quote, quote_plus

import pytest
from cryptography.fernet import Fernet
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_webwork.errors import WebWorkSecretError
from airflow_provider_webwork.secrets import (
    MASK,
    SHORTEST_REDACTED,
    Vault,
    hash_key,
    new_key,
    redact_bytes,
    redact_json,
    redact_text,
    redact_webhook,
)

TOKEN = 'whsec_A/b+c=="é\\ü 😀~'

# A secret that is made of what we put in its place cannot be told from it.
SECRETS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*"), min_size=SHORTEST_REDACTED)
AROUND = st.text(st.characters(exclude_categories=["Cs"]))


def lower_hex(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


def unicode_escaped(text, form="04x"):
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[i] * 256 + units[i + 1]:{form}}" for i in range(0, len(units), 2))


FORMS = {
    "plain": lambda text: text,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON escaped for HTML": lambda text: json.dumps(text)[1:-1].replace("=", "\\u003d").replace("+", "\\u002B"),
    "JSON with every character escaped": unicode_escaped,
    "JSON with every character escaped in capitals": lambda text: unicode_escaped(text, "04X"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1].replace("/", "\\/"))[1:-1],
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded but for the slash": quote,
    "percent-encoded in small letters": lower_hex,
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "plus for blank": lambda text: text.replace(" ", "+"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", [TOKEN, pytest.param(new_key(), id="a key"), "short of 9"])
def test_a_secret_is_masked_in_every_form_that_senders_write(form, secret):
    written = FORMS[form](secret)

    assert redact_text(f'before "{written}" after', [secret]) == 'before "***" after'
    assert redact_bytes(f"before={written}&after".encode(), [secret]) == b"before=***&after"
    assert redact_json({"title": [f"<{written}>"]}, [secret]) == {"title": ["<***>"]}


@given(form=st.sampled_from(list(FORMS)), secret=SECRETS, before=AROUND, after=AROUND)
@example(form="plain", secret="\\" * 9, before="", after="")
def test_no_form_of_a_secret_survives(form, secret, before, after):
    written = FORMS[form](secret)
    text = before + written + after

    assert written not in redact_text(text, [secret])
    assert written.encode() not in redact_bytes(text.encode(), [secret])
    assert written not in json.dumps(redact_json({written: [text]}, [secret]), ensure_ascii=False)


def json_around(texts, names):
    return st.recursive(
        st.none() | st.booleans() | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=8,
    )


@given(secret=SECRETS, value=json_around(AROUND, AROUND.map(lambda name: f"the {name}")))
def test_json_without_a_secret_is_left_as_it_is(secret, value):
    if MASK not in json.dumps(value) and MASK not in json.dumps(masked := redact_json(value, [secret])):
        assert masked == value
    assert redact_json(value, []) == value


@given(secret=SECRETS, data=st.data())
def test_what_is_masked_does_not_depend_on_what_else_is_there(secret, data):
    names = AROUND | st.sampled_from(["token", "Webhook_Secret", "data[token][]", secret])
    value = data.draw(json_around(AROUND | st.just(secret) | st.just(f"<{secret}>"), names))
    assert redact_json([value, "100 %"], [secret]) == [redact_json(value, [secret]), "100 %"]


@given(secret=SECRETS, data=st.data())
def test_what_is_masked_does_not_depend_on_how_the_json_is_written(secret, data):
    names = AROUND | st.sampled_from(["token", "Webhook_Secret", "data[token][]", secret])
    value = data.draw(json_around(AROUND | st.just(secret) | st.just(f"<{secret}>"), names))
    text = json.dumps(value, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.sampled_from([None, 0, 1])))
    assert redact_json(value, [secret], text=text) == redact_json(value, [secret])


@given(body=st.binary(), secret=SECRETS)
def test_bytes_that_are_no_text_come_through(body, secret):
    assert redact_bytes(body, ["a secret that is not there"]) == body
    assert secret.encode() not in redact_bytes(b"\xe2" + secret.encode() + body + secret.encode(), [secret])


def test_a_secret_is_masked_in_names_as_in_values_however_deep():
    payload = {"a": [{"b": {f"key {TOKEN}": f"{TOKEN}{TOKEN}"}}], TOKEN: 1}

    assert redact_json(payload, [TOKEN]) == {"a": [{"b": {"key ***": "******"}}], "***": 1}


def test_of_two_secrets_the_longer_one_is_masked_whole():
    assert redact_text("secret-of-member-7", ["secret-of", "secret-of-member-7"]) == MASK


def test_a_text_that_is_too_short_to_be_a_secret_is_not_searched_for():
    assert redact_text("a1 b2 a1", ["a1", "", "b2"]) == "a1 b2 a1"
    assert redact_json({"state": "active1"}, ["active1"]) == {"state": "active1"}


def test_fields_named_for_secrets_are_masked_although_nobody_knows_what_they_hold():
    payload = {"Token": "new", "data": {"webhook_secret": ["new"], "token": None, "tokens_left": 3}}

    assert redact_json(payload, []) == {
        "Token": "***",
        "data": {"webhook_secret": "***", "token": None, "tokens_left": 3},
    }


def test_redaction_takes_no_longer_for_bodies_made_to_slow_it_down():
    # A search that tried every run of backslashes would need hours for this.
    for hostile in (b"\\" * 1_000_000, b"%25" * 300_000, b"\\u0077" * 150_000):
        assert redact_bytes(hostile, [TOKEN, new_key()]) == hostile


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a.example/webwork/hooks/K3y-_ now", "https://a.example/webwork/hooks/*** now"),
        ("https://a.example/hooks/K3y?x=1", "https://a.example/hooks/***?x=1"),
        ("/hooks/K3y/ /hooks/0ther#top", "/hooks/***/ /hooks/***#top"),
        (r'{"url": "https:\/\/a.example\/hooks\/K3y"}', r'{"url": "https:\/\/a.example\/hooks\/***"}'),
        ("url=https%3A%2F%2Fa.example%2Fhooks%2fK3y", "url=https%3A%2F%2Fa.example%2Fhooks%2f***"),
        ("/hooks/ and /webhooks/7", "/hooks/ and /webhooks/7"),
    ],
)
def test_the_key_of_a_callback_url_is_masked(text, shown):
    assert redact_text(text) == shown


def test_webhooks_are_shown_without_token_and_key():
    answer = {"data": [{"id": 7, "token": "s3cret", "url": "https://a.example/hooks/K3y", "events": ["e"]}]}

    assert redact_webhook(answer) == {"data": [{"id": 7, "url": "https://a.example/hooks/***", "events": ["e"]}]}


def test_keys_differ_and_their_hash_does_not_tell_them():
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    assert all(len(key) == 43 and key not in hash_key(key) and quote(key, safe="") == key for key in keys)


def test_any_text_that_comes_as_a_key_has_a_hash():
    assert hash_key("\ud800") != hash_key("\ud801")


# The vault.


@pytest.fixture
def keys():
    return [Fernet.generate_key().decode() for _ in range(3)]


@given(secret=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_encrypted_is_read_back_and_not_readable_meanwhile(secret):
    vault = Vault([Fernet.generate_key().decode()])
    encrypted = vault.encrypt(secret)

    assert vault.decrypt(encrypted) == secret
    assert len(secret) < SHORTEST_REDACTED or secret not in encrypted


def test_after_a_change_of_keys_the_former_ones_still_decrypt(keys):
    former, present = Vault(keys[:1]), Vault([keys[1], keys[0]])

    assert present.decrypt(former.encrypt("token")) == "token"


def test_the_first_key_encrypts(keys):
    encrypted = Vault(keys).encrypt("token")

    assert Vault(keys[:1]).decrypt(encrypted) == "token"
    with pytest.raises(WebWorkSecretError):
        Vault(keys[1:]).decrypt(encrypted)


def test_a_key_that_is_not_at_hand_is_asked_for(keys):
    with pytest.raises(
        WebWorkSecretError, match=r"Put the former key behind the present one in \[webwork\] secret_key"
    ):
        Vault(keys[:1]).decrypt(Vault(keys[1:]).encrypt("token"))


@pytest.mark.parametrize("damaged", ["", "gAAAA", "é"])
def test_what_is_not_encrypted_at_all_is_refused_in_the_same_way(keys, damaged):
    with pytest.raises(WebWorkSecretError):
        Vault(keys).decrypt(damaged)


def test_without_a_key_the_error_holds_the_command_that_makes_one():
    vault = Vault([])

    for attempt in (lambda: vault.encrypt("token"), lambda: vault.decrypt("gAAAA"), lambda: vault.fingerprint):
        with pytest.raises(WebWorkSecretError, match=r"Fernet\.generate_key\(\)"):
            attempt()
    assert not vault.opens("0" * 12)


@pytest.mark.parametrize("unusable", ["not a key", "a" * 44, "é" * 32])
def test_a_key_that_is_none_is_refused_without_showing_it(unusable):
    with pytest.raises(WebWorkSecretError, match="not a list of Fernet keys") as refused:
        Vault([unusable]).encrypt("token")

    assert unusable not in str(refused.value)


def test_fingerprints_name_keys_without_telling_them(keys):
    vault = Vault(keys)

    assert vault.fingerprint == Vault(keys[:1]).fingerprint != Vault(keys[1:]).fingerprint
    assert all(vault.opens(Vault([key]).fingerprint) for key in keys)
    assert not Vault(keys[1:]).opens(vault.fingerprint)
    assert not any(key in repr(vault) or vault.fingerprint in key for key in keys)
