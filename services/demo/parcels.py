"""News of parcels that the demo shop writes on Eitaa, where nobody can write to it."""

from schemas.values import Json
from services.demo.accounts import Credentials, StandIns
from services.demo.crowd import PERSONS, DemoPerson, Imagination
from services.demo.demo_channel import DemoChannel, FirstMessage
from services.demo.eitaa import FakeEitaa

NEWS = (
    "سلام {name} عزیز، سفارش {order} امروز از انبار ارسال شد و فردا به دستتون می‌رسه.",
    "سلام {name} عزیز، مرسولهٔ سفارش {order} به پست تحویل شد.",
    "سلام {name} عزیز، پیک سفارش {order} در راهه و تا یک ساعت دیگه می‌رسه.",
)
READERS = tuple(person for person in map(DemoPerson, range(PERSONS)) if person.language == "fa")
"""Its users read Persian."""


def chat_id(person: DemoPerson) -> str:
    """The id of a person at eitaayar.ir."""
    return f"{10_000_000 + person.number}"


def parcel_news(imagination: Imagination) -> FirstMessage:
    """What is new of somebody's parcel; now and then a picture of it goes along."""
    random = imagination.random
    person, order = random.choice(READERS), random.randint(100_000, 999_999)
    text = random.choice(NEWS).format(name=person.name, order=order)
    return FirstMessage(person, chat_id(person), text, has_file=random.random() < 0.2)


def _account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    token = f"bot123456:{credentials.secret('eitaa bot')[:35]}"
    return {
        "name": "News of the demo shop in Eitaa",
        "language": "fa",
        "credentials": {"token": token},
        "api_base": f"{stand_ins.url}/eitaa",
    }


EITAA = DemoChannel(
    name="eitaa",
    account=_account,
    stand_in=lambda log: FakeEitaa(log=log).app,
    news=parcel_news,
    share=0.04,
)
