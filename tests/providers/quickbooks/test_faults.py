"""What a refusal means: for one record, for the connection, or for later."""

import pytest

from connectors.errors import ConfigurationError, CredentialError, RateLimited, TransientError
from connectors.providers.quickbooks import faults
from connectors.providers.quickbooks.faults import Fault
from tests.providers.quickbooks.support import fixture


def test_both_spellings_are_read() -> None:
    assert faults.parse(fixture("fault__duplicate_name")).number == 6240
    assert faults.parse(fixture("fault__lower_case_authentication")).number == 3200
    assert faults.parse(fixture("fault__throttled")).number == faults.THROTTLED


@pytest.mark.parametrize("payload", [None, [], {}, {"Fault": None}, {"Fault": {"Error": []}}, "Service busy"])
def test_what_is_no_fault_is_an_empty_one(payload: object) -> None:
    assert faults.parse(payload) == Fault()


@pytest.mark.parametrize("code", ["3200", "100", "120", "003200"])
def test_lost_access_stops_everything(code: str) -> None:
    stop = faults.stops_everything(Fault(code), "tid-1")

    assert isinstance(stop, CredentialError)
    assert stop.request_id == "tid-1"


def test_throttling_and_trouble_pass() -> None:
    assert isinstance(faults.stops_everything(Fault("003001")), RateLimited)
    assert isinstance(faults.stops_everything(Fault("10000")), TransientError)
    assert Fault("003001").may_pass
    assert Fault("10000").may_pass
    assert Fault().may_pass
    assert not Fault("6240").may_pass


@pytest.mark.parametrize("code", ["5020", "6190"])
def test_a_subscription_stops_reading_and_refuses_a_record(code: str) -> None:
    assert isinstance(faults.stops_reading(Fault(code)), ConfigurationError)
    assert faults.stops_everything(Fault(code)) is None
    assert faults.refusal(Fault(code)).next_step


@pytest.mark.parametrize(
    "code", ["610", "2050", "2210", "2500", "5020", "6070", "6140", "6190", "6210", "6240", "6540"]
)
def test_known_refusals_have_our_words_and_a_next_step(code: str) -> None:
    refused = faults.refusal(Fault(code, "Provider's words", "Provider's detail"))

    assert "Provider" not in refused.message
    assert refused.next_step.endswith(".")
    assert (refused.code, refused.answer) == (code, "Provider's words: Provider's detail")


@pytest.mark.parametrize("code", ["6000", "2020", "2170", "7777", ""])
def test_other_refusals_have_quickbooks_own_words(code: str) -> None:
    refused = faults.refusal(Fault(code, "A business validation error", "Make sure the   account is right."))

    assert refused.message == "Make sure the account is right."
    assert refused.next_step


def test_a_refusal_without_words_still_says_something() -> None:
    assert faults.refusal(Fault("7777")).message == "QuickBooks refused the record without saying why."


def test_long_words_are_cut() -> None:
    assert len(faults.refusal(Fault("6000", "Error", "x" * 5000)).message) == 300
