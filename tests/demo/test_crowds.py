"""Customers on WhatsApp, on Instagram, by mail, with reviews and in surveys: each call is authentic, understood by its channel, and reacts to what we sent."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from urllib.parse import parse_qsl, urlencode

import pytest

from schemas.activity import Activity
from schemas.configuration import AccountBody
from services.channels.port import Account, Request
from services.channels.registry import channel
from services.demo.accounts import (
    ACCOUNT,
    IG_ID,
    MAILBOX,
    PAGE_ID,
    PHONE_NUMBER_ID,
    WABA_ID,
    StandIns,
    derive_credentials,
)
from services.demo.app_customers import BY_USER_ID, AppCustomers, secret_of
from services.demo.channels import accounts, crowds, webhook_path
from services.demo.corpus import LANGUAGES
from services.demo.crowd import MAX_OPEN, Crowd, DemoPerson, Imagination, Occupancy, WebhookPost
from services.demo.demo_channel import CrowdContext
from services.demo.instagram_customers import BY_ID, InstagramCustomers
from services.demo.line_customers import BY_USER, LineCustomers
from services.demo.linkedin_customers import BY_MEMBER, LinkedinCustomers
from services.demo.mail_customers import BY_ADDRESS, MailCustomers
from services.demo.messenger_customers import BY_PAGE_SCOPED_ID, MessengerCustomers
from services.demo.meta_posts import MetaSender
from services.demo.parcels import parcel_news
from services.demo.photo import PHOTO
from services.demo.respondents import Respondents
from services.demo.reviewers import BY_CONSUMER, Reviewers
from services.demo.rubika_customers import BY_CHAT, RubikaCustomers
from services.demo.staff import PHONES
from services.demo.twilio_customers import BY_NUMBER, MEDIA, SmsCustomers, TwilioSender, VoiceCustomers
from services.demo.whatsapp_customers import BY_PHONE, WhatsAppCustomers
from services.demo.x_customers import BY_X_ID, XCustomers

START = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
CREDENTIALS = derive_credentials("a key", "demo")
BODIES = accounts(CREDENTIALS, StandIns("http://127.0.0.1:9999", "smtp://demo:demo-password@127.0.0.1:9998"))


def instagram(occupancy: Occupancy | None = None) -> InstagramCustomers:
    sender = MetaSender("instagram", IG_ID, CREDENTIALS.app_secret)
    return InstagramCustomers(Imagination(Random(1), count(1)), occupancy or Occupancy(), sender)


def mail(occupancy: Occupancy | None = None) -> MailCustomers:
    return MailCustomers(Imagination(Random(1), count(1)), occupancy or Occupancy(), MAILBOX, CREDENTIALS.signing_key)


def rubika(occupancy: Occupancy | None = None) -> RubikaCustomers:
    return RubikaCustomers(Imagination(Random(1), count(1)), occupancy or Occupancy())


def whatsapp(occupancy: Occupancy | None = None) -> WhatsAppCustomers:
    sender = MetaSender("whatsapp", WABA_ID, CREDENTIALS.app_secret)
    imagination = Imagination(Random(1), count(1))
    return WhatsAppCustomers(imagination, occupancy or Occupancy(), sender, PHONE_NUMBER_ID, "1000000001")


def line(occupancy: Occupancy | None = None) -> LineCustomers:
    imagination = Imagination(Random(1), count(1))
    return LineCustomers(imagination, occupancy or Occupancy(), CREDENTIALS.secret("line channel"))


def reviews(occupancy: Occupancy | None = None) -> Reviewers:
    return Reviewers(Imagination(Random(1), count(1)), occupancy or Occupancy())


def twilio_sender(name: str) -> TwilioSender:
    return TwilioSender(name, webhook_path(name, "demo", CREDENTIALS), CREDENTIALS.secret("twilio token"))


def sms(occupancy: Occupancy | None = None) -> SmsCustomers:
    photo_url = f"http://127.0.0.1:9999/sms{MEDIA}"
    return SmsCustomers(Imagination(Random(1), count(1)), occupancy or Occupancy(), twilio_sender("sms"), photo_url)


def messenger(occupancy: Occupancy | None = None) -> MessengerCustomers:
    sender = MetaSender("messenger", PAGE_ID, CREDENTIALS.app_secret)
    return MessengerCustomers(Imagination(Random(1), count(1)), occupancy or Occupancy(), sender)


def x(occupancy: Occupancy | None = None) -> XCustomers:
    return XCustomers(Imagination(Random(1), count(1)), occupancy or Occupancy(), CREDENTIALS.secret("x app"))


def linkedin(occupancy: Occupancy | None = None) -> LinkedinCustomers:
    imagination = Imagination(Random(1), count(1))
    return LinkedinCustomers(imagination, occupancy or Occupancy(), CREDENTIALS.secret("linkedin app"))


def api(occupancy: Occupancy | None = None) -> AppCustomers:
    imagination, picture_url = Imagination(Random(1), count(1)), "http://127.0.0.1:9999/api/mug.png"
    return AppCustomers(imagination, occupancy or Occupancy(), secret_of(CREDENTIALS), picture_url)


CROWDS: Mapping[str, Callable[..., Crowd]] = {
    "rubika": rubika,
    "whatsapp": whatsapp,
    "instagram": instagram,
    "email": mail,
    "line": line,
    "reviews": reviews,
    "sms": sms,
    "messenger": messenger,
    "x": x,
    "linkedin": linkedin,
    "api": api,
}
PEOPLE: Mapping[str, Mapping[str, DemoPerson]] = {
    "rubika": BY_CHAT,
    "whatsapp": BY_PHONE,
    "instagram": BY_ID,
    "email": BY_ADDRESS,
    "line": BY_USER,
    "reviews": BY_CONSUMER,
    "sms": BY_NUMBER,
    "messenger": BY_PAGE_SCOPED_ID,
    "x": BY_X_ID,
    "linkedin": BY_MEMBER,
    "api": BY_USER_ID,
}
every_crowd = pytest.mark.parametrize("name", CROWDS)


def lived(crowd: Crowd, moments: int, first: int = 0) -> list[WebhookPost]:
    found = []
    for second in range(first, first + moments):
        now = START + timedelta(seconds=second)
        found += [*crowd.due(now), *crowd.write(now)]
    return found


def understood(post: WebhookPost, at: datetime = START) -> list[Activity]:
    """What the channel makes of a call, once it has proven itself."""
    adapter = channel(post.channel)
    assert adapter is not None
    account = Account("demo", post.channel, ACCOUNT, AccountBody.model_validate(BODIES[post.channel]))
    path = webhook_path(post.channel, "demo", CREDENTIALS)
    subpath = path.removeprefix(f"/webhooks/{post.channel}/demo/{ACCOUNT}").strip("/")
    request = Request(
        "POST", path, dict(parse_qsl(post.query)), post.headers, post.body, at, subpath, raw_query=post.query
    )
    adapter.verify(request, account)
    return adapter.parse(request, account)


def texts(posts: list[WebhookPost]) -> list[str]:
    return [a.text.text for post in posts for a in understood(post, START + timedelta(minutes=1)) if a.text]


def is_message(post: WebhookPost) -> bool:
    return [activity.kind for activity in understood(post, START + timedelta(minutes=1))] == ["message"]


@every_crowd
def test_every_call_is_authentic_and_understood(name: str) -> None:
    crowd = CROWDS[name]()
    seen: Counter[str] = Counter()
    for second in range(MAX_OPEN):
        now = START + timedelta(seconds=second)
        seen.update(a.kind for post in crowd.write(now) for a in understood(post, now))
    assert seen.keys() == {"message"}
    assert seen["message"] >= MAX_OPEN - 10


@every_crowd
def test_customers_of_all_languages_write_and_a_full_shop_gets_nobody_new(name: str) -> None:
    occupancy = Occupancy()
    crowd = CROWDS[name](occupancy)
    posts = list({post.body: post for post in lived(crowd, 2 * MAX_OPEN) if is_message(post)}.values())
    assert len(posts) == MAX_OPEN
    assert {PEOPLE[name][post.lane].language for post in posts} == set(LANGUAGES)
    occupancy.counted(MAX_OPEN - 2)
    later = {post.body for post in lived(crowd, 40, 200) if is_message(post)}
    assert len(later - {post.body for post in posts}) == 2


def test_who_gives_away_a_card_in_the_group_follows_the_link_and_goes_on_in_private() -> None:
    crowd = rubika()
    posts = [(post, activity) for post in lived(crowd, MAX_OPEN) for activity in understood(post)]
    post, asked = next((post, one) for post, one in posts if one.surface == "public")
    token = "t0ken_of-a-link".ljust(43, "0")
    link = f"https://rubika.ir/pasokh_demo_bot?st={token}"
    sent = {"channel": "rubika", "to": asked.thread, "id": "1", "text": f"Here: {link}", "reply_to": asked.platform_id}
    crowd.on_sent(sent, START + timedelta(hours=1))
    later = crowd.due(START + timedelta(hours=2))
    found = [one for post in later for one in understood(post) if one.surface == "private" and one.kind == "message"][
        -2:
    ]
    assert [one.details.get("start") for one in found] == [token, None]
    assert [one.person == asked.person for one in found] == [True, False]
    assert {one.address.chat for one in found if one.address} == {post.lane}


def test_comments_are_public_some_give_away_a_card_and_their_author_is_announced() -> None:
    crowd = instagram()
    posts = [(post, activity) for post in lived(crowd, MAX_OPEN) for activity in understood(post)]
    public = [(post, activity) for post, activity in posts if activity.surface == "public"]
    assert 5 < len(public) < MAX_OPEN
    assert any("4242" in activity.text.text for _, activity in public if activity.text)
    for post, _ in public:
        assert post.announcement is not None
        path, known = post.announcement
        assert (path, known["author"]) == ("/instagram/_comments", post.lane)
    assert all(post.announcement is None for post, activity in posts if activity.surface == "private")


def test_who_is_answered_in_private_below_a_comment_reads_it_and_goes_on_there() -> None:
    crowd, person = instagram(), next(iter(BY_ID))
    crowd.on_sent({"channel": "instagram", "to": person, "id": "aWdfZAG1fdemo1", "comment": "1790", "text": "x"}, START)
    posts = crowd.due(START + timedelta(seconds=30))
    found = [activity for post in posts for activity in understood(post)]
    assert [(a.kind, a.surface, a.person.rpartition(":")[2]) for a in found] == [
        ("receipt", "private", person),
        ("message", "private", person),
    ]


def test_what_we_send_by_whatsapp_is_reported_and_some_people_react_or_answer() -> None:
    crowd = whatsapp()
    for number, address in enumerate(BY_PHONE):
        crowd.on_sent({"channel": "whatsapp", "to": address, "id": f"wamid.out{number}", "text": "x"}, START)
    found = [activity for post in crowd.due(START + timedelta(minutes=1)) for activity in understood(post)]
    kinds = Counter(activity.kind for activity in found)
    assert kinds["receipt"] == 3 * len(BY_PHONE)
    assert kinds["message"] > 0.2 * len(BY_PHONE)
    assert kinds["reaction"] > 0.1 * len(BY_PHONE)
    states = [a.receipt_state for a in found if a.kind == "receipt" and a.platform_id == "wamid.out0"]
    assert states == ["sent", "delivered", "read"]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("whatsapp", {"edit", "deletion"}), ("rubika", {"edit", "deletion"}), ("instagram", {"deletion"})],
)
def test_some_people_change_what_they_wrote_or_take_it_back(name: str, kinds: set[str]) -> None:
    occupancy = Occupancy()
    crowd, seen = CROWDS[name](occupancy), dict[str, list[str | None]]()
    for hour in range(6):
        occupancy.counted(0)
        for post in lived(crowd, MAX_OPEN, hour * 3600):
            for activity in understood(post):
                seen.setdefault(activity.kind, []).append(activity.message)
    assert seen.keys() == {"message", *kinds}
    for kind in kinds:
        assert 3 < len(seen[kind]) < 60
        assert set(seen[kind]) <= set(seen["message"])


def test_some_photos_have_the_picture_of_the_stand_in_and_some_calls_come_twice() -> None:
    posts = lived(whatsapp(), MAX_OPEN)
    files = [one for post in posts for activity in understood(post) for one in activity.attachments]
    assert {file.platform_id for file in files} == {"1000000001"}
    assert len({post.body for post in posts}) < len(posts)


def test_some_mails_bring_a_picture_along() -> None:
    posts = lived(mail(), MAX_OPEN)
    files = [one for post in posts for activity in understood(post) for one in activity.attachments]
    assert 3 < len(files) < MAX_OPEN / 2
    assert {(file.kind, file.name, file.size_bytes) for file in files} == {("image", "mug.png", len(PHOTO))}


def test_some_mails_are_answered_below_a_quotation_and_some_by_an_absence_notice() -> None:
    crowd = mail()
    for number, address in enumerate(BY_ADDRESS):
        item = {"to": [address], "id": f"<{number}@shop.example>", "subject": "Re: سفارش", "text": "Our\nanswer"}
        crowd.on_sent({"channel": "email", **item}, START)
    posts = crowd.due(START + timedelta(minutes=1))
    found = [activity for post in posts for activity in understood(post, START + timedelta(minutes=1))]
    assert 0.25 * len(BY_ADDRESS) < len(found) < 0.6 * len(BY_ADDRESS)
    assert all(activity.subject == "Re: سفارش" for activity in found)
    assert 5 < len([a for a in found if a.automatic]) < 40
    assert not [text for text in texts(posts) if "Our" in text or "wrote" in text]


def test_some_reviews_fall_to_one_star_after_our_answer_some_rise_and_some_go() -> None:
    crowd = reviews()
    written = [activity for post in lived(crowd, MAX_OPEN) for activity in understood(post)]
    for review in written:
        crowd.on_sent({"channel": "reviews", "to": review.platform_id, "text": "thank you"}, START)
    found = [activity for post in crowd.due(START + timedelta(minutes=2)) for activity in understood(post)]
    assert {activity.message for activity in found} <= {review.message for review in written}
    changed = Counter(activity.review.stars if activity.review else activity.kind for activity in found)
    assert min(changed[1], changed[5]) > 10
    assert changed["deletion"] > 0
    assert changed.keys() == {1, 5, "deletion"}


def test_some_of_those_who_are_asked_answer_about_their_conversation() -> None:
    crowd = Respondents(Imagination(Random(1), count(1)), Occupancy(), CREDENTIALS.secret("survey"))
    asked = [f"conversation-{number}" for number in range(100)]
    for conversation in asked:
        crowd.on_sent({"conversation": conversation}, START)
    found = [activity for post in crowd.due(START + timedelta(minutes=1)) for activity in understood(post)]
    assert 20 < len(found) < 60
    assert {activity.conversation for activity in found} <= set(asked)
    assert {activity.kind for activity in found} == {"survey_answer"}
    assert {answer.ref for activity in found for answer in activity.answers} == {"csat", "comment"}
    assert crowd.write(START) == []


@every_crowd
def test_what_reached_a_stranger_is_nobodys(name: str) -> None:
    crowd = CROWDS[name]()
    crowd.on_sent({"channel": name, "to": "stranger", "id": "1"}, START)
    crowd.on_sent({"channel": name, "to": [], "id": "1"}, START)
    crowd.on_sent({"channel": name, "action": "hide", "target": "1790"}, START)
    assert crowd.due(START + timedelta(minutes=5)) == []


def test_calls_ring_and_end_and_texts_of_ours_arrive() -> None:
    crowd = VoiceCustomers(Imagination(Random(1), count(1)), Occupancy(), twilio_sender("voice"))
    posts = [*crowd.write(START), *crowd.due(START + timedelta(seconds=30))]
    calls = [activity.call for post in posts for activity in understood(post) if activity.call]
    assert [(one.direction, one.leg, one.state) for one in calls] == [
        ("inbound", "customer", "ringing"),
        ("inbound", "customer", "ended"),
    ]
    for customers in (crowd, sms()):
        customers.on_sent({"to": next(iter(BY_NUMBER)), "id": "SM1", "text": "x"}, START)
        found = [a for post in customers.due(START + timedelta(seconds=4)) for a in understood(post)]
        assert [a.receipt_state for a in found if a.kind == "receipt"][-1] == "delivered"


def test_who_is_called_back_takes_the_call_after_the_agent_and_ends_it() -> None:
    crowd = VoiceCustomers(Imagination(Random(1), count(1)), Occupancy(), twilio_sender("voice"))
    customer = next(iter(BY_NUMBER))
    parameters = {"leg": "agent", "direction": "outbound", "customer": customer, "message": "m1", "connect": "1"}
    url = f"https://shop.example/webhooks/voice/demo/main?{urlencode(parameters)}"
    crowd.on_sent({"to": PHONES["emma"], "id": "CA1", "url": url}, START)
    posts = crowd.due(START + timedelta(minutes=1))
    # The last of each: an end says that the telephone was taken, too.
    calls = [[activity.call for activity in understood(post) if activity.call][-1] for post in posts]
    assert [(one.direction, one.leg, one.state) for one in calls] == [
        ("outbound", "agent", "ringing"),
        ("outbound", "agent", "answered"),
        ("outbound", "customer", "ringing"),
        ("outbound", "customer", "answered"),
        ("outbound", "customer", "ended"),
        ("outbound", "agent", "ended"),
    ]
    assert ["connect=1" in post.query for post in posts] == [False, True, False, False, False, False]
    assert {post.lane for post in posts} == {customer}


def test_customers_of_bale_write_persian_and_their_calls_are_authentic() -> None:
    context = CrowdContext(START, Imagination(Random(1), count(1)), Occupancy(), CREDENTIALS)
    posts = lived(crowds(context)["bale"], MAX_OPEN)
    found = [activity for post in posts for activity in understood(post)]
    assert len([one for one in found if one.kind == "message"]) > MAX_OPEN / 2
    assert {one.channel for one in found} == {"bale"}
    persian = [text for text in texts(posts) if any("آ" <= letter <= "ی" for letter in text)]
    assert len(persian) > MAX_OPEN / 2


def test_who_is_asked_in_public_on_x_for_a_private_message_writes_one() -> None:
    crowd = x()
    posts = [(post, activity) for post in lived(crowd, MAX_OPEN) for activity in understood(post)]
    _, asked = next((post, one) for post, one in posts if one.surface == "public")
    crowd.on_sent({"channel": "x", "id": "1", "text": "please write", "reply_to": asked.platform_id}, START)
    [later] = crowd.due(START + timedelta(hours=1))
    [found] = understood(later)
    assert (found.kind, found.surface, found.person) == ("message", "private", asked.person)


def test_our_comment_on_linkedin_is_reported_and_some_members_like_it_or_answer_below() -> None:
    crowd = linkedin()
    posts = [activity for post in lived(crowd, MAX_OPEN) for activity in understood(post)]
    comments = [one for one in posts if one.kind == "message" and one.address and one.address.reply_to]
    for number, comment in enumerate(comments):
        assert comment.address
        sent = {"id": f"{9000 + number}", "reply_to": comment.address.reply_to, "text": "hello"}
        crowd.on_sent(sent, START + timedelta(hours=1))
    found = [one for post in crowd.due(START + timedelta(hours=2)) for one in understood(post)]
    kinds = Counter(activity.kind for activity in found)
    assert kinds["echo"] == len(comments)
    assert min(kinds["reaction"], kinds["message"]) > 3
    below = {one.address.reply_to for one in found if one.kind == "message" and one.address}
    assert below <= {one.address.reply_to for one in comments if one.address}


def test_a_member_who_mentions_the_page_is_answered_below_the_post_and_goes_on_there() -> None:
    crowd = linkedin()
    posts = [activity for post in lived(crowd, MAX_OPEN) for activity in understood(post)]
    mentions = [one for one in posts if one.address and one.address.reply_to is None]
    assert 1 < len(mentions) < MAX_OPEN / 3
    for number, mention in enumerate(mentions * 10):
        crowd.on_sent({"id": f"{9000 + number}", "reply_to": mention.thread, "text": "hello"}, START)
    found = [one for post in crowd.due(START + timedelta(hours=1)) for one in understood(post)]
    later = [one for one in found if one.kind == "message"]
    assert later
    assert {one.thread for one in later} <= {mention.thread for mention in mentions}


def test_what_reaches_a_user_of_the_app_is_delivered_and_read() -> None:
    crowd = api()
    crowd.on_sent({"to": next(iter(BY_USER_ID)), "id": "app-1", "text": "hello"}, START)
    found = [one for post in crowd.due(START + timedelta(minutes=1)) for one in understood(post)]
    assert [one.receipt_state for one in found if one.kind == "receipt"] == ["delivered", "read"]


def test_who_writes_in_the_app_and_by_mail_proves_one_address() -> None:
    post = next(post for post in lived(api(), 1) if is_message(post))
    [activity] = understood(post)
    person = BY_USER_ID[post.lane]
    assert [(one.value, one.proven) for one in activity.identities if one.kind == "email"] == [
        (next(mail for mail, known in BY_ADDRESS.items() if known == person), True)
    ]


def test_news_of_parcels_go_to_who_reads_persian_and_some_have_a_picture() -> None:
    imagination = Imagination(Random(1), count(1))
    news = [parcel_news(imagination) for _ in range(100)]
    assert {one.person.language for one in news} == {"fa"}
    assert all(one.person.name in one.text for one in news)
    assert 5 < len([one for one in news if one.has_file]) < 50
