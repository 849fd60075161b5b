"""Customers of the demo shop who write mail: questions with a subject, answers that quote ours, absence notices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.demo.corpus import Language
from services.demo.crowd import PERSONS, Customers, DemoPerson, WebhookPost
from services.demo.mailgun import CustomerMail, webhook_form
from services.demo.photo import PHOTO

SUBJECTS: Mapping[Language, str] = {
    "fa": "سؤال دربارهٔ سفارش",
    "ar": "استفسار عن الطلب",
    "lv": "Jautājums par pasūtījumu",
    "en": "A question about my order",
}
QUOTED: Mapping[Language, str] = {
    "fa": "در تاریخ {day} فروشگاه نوشت:",
    "ar": "في {day} كتب المتجر:",
    "lv": "{day} Veikals rakstīja:",
    "en": "On {day}, Demo shop wrote:",
}
ABSENCES: Mapping[Language, str] = {
    "fa": "تا دوشنبه در دفتر نیستم.",
    "ar": "أنا خارج المكتب حتى يوم الاثنين.",
    "lv": "Līdz pirmdienai neesmu birojā.",
    "en": "I am out of the office until Monday.",
}


def address(person: DemoPerson) -> str:
    """The address of a person."""
    return f"customer{person.number}@customers.example"


BY_ADDRESS: Mapping[str, DemoPerson] = {address(person): person for person in map(DemoPerson, range(PERSONS))}


@dataclass
class MailCustomers(Customers):
    """The customers of one mailbox, whose provider signs with `signing_key`."""

    mailbox: str
    signing_key: str
    channel: str = "email"

    def write(self, now: datetime) -> list[WebhookPost]:
        """See `Crowd`."""
        if not self.occupancy.begin():
            return []
        person = self.imagination.person()
        photo = PHOTO if self.imagination.random.random() < 0.2 else None
        return [self._mail(person, SUBJECTS[person.language], self.imagination.question(person), now, photo=photo)]

    def on_sent(self, item: Mapping[str, Any], now: datetime) -> None:
        """See `Crowd`. Some answer below a quotation of ours, and now and then somebody is away."""
        addressee = next(iter(item.get("to") or ()), "")
        person = BY_ADDRESS.get(str(addressee))
        if person is None or "id" not in item:
            return
        name, subject = str(item["id"]), _answering(str(item.get("subject", "")))
        answer = self.imagination.answer(person)
        if answer is not None:
            text = f"{answer}\n\n{_quotation(person.language, str(item.get('text', '')), now)}"
            self._agenda.add(now, 8, 30, lambda at: self._mail(person, subject, text, at, name))
        elif self.imagination.random.random() < 0.15:
            notice = ABSENCES[person.language]
            self._agenda.add(now, 1, 3, lambda at: self._mail(person, subject, notice, at, name, automatic=True))

    def _mail(
        self,
        person: DemoPerson,
        subject: str,
        text: str,
        at: datetime,
        in_reply_to: str = "",
        *,
        automatic: bool = False,
        photo: bytes | None = None,
    ) -> WebhookPost:
        mail = CustomerMail(
            id=f"<demo-{next(self.imagination.numbers)}@customers.example>",
            name=person.name,
            address=address(person),
            to=self.mailbox,
            subject=subject,
            text=text,
            at=at,
            in_reply_to=in_reply_to,
            automatic=automatic,
            photo=photo,
        )
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return WebhookPost(self.channel, address(person), headers, webhook_form(mail, self.signing_key))


def _answering(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _quotation(language: Language, text: str, now: datetime) -> str:
    day = f"{now - timedelta(seconds=30):%d.%m.%Y}"
    return "\n".join([QUOTED[language].format(day=day), *(f"> {line}" for line in text.strip().splitlines())])
