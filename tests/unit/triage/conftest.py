"""The shipped model, loaded once."""

import pytest

from contactcenter.triage import places
from contactcenter.triage.assess import Assessor
from contactcenter.triage.entities import EntityFinder


@pytest.fixture(scope="session")
def assessor():
    return Assessor.load(places.find("triage-service"))


@pytest.fixture(scope="session")
def finder():
    return EntityFinder()
