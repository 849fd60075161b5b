"""The channels of the demo shop. Another one is a row of the last table: see `DemoChannel`."""

from collections.abc import Mapping, Sequence
from functools import partial

from schemas.values import Json
from services.demo.accounts import (
    ACCOUNT,
    APP_ID,
    BOT_USERNAME,
    IG_ID,
    MAILBOX,
    PAGE_ID,
    PHONE_NUMBER_ID,
    WABA_ID,
    Credentials,
    StandIns,
)
from services.demo.app_customers import API
from services.demo.crowd import PERSONS, Crowd, DemoPerson
from services.demo.customers import CustomerSimulator, TelegramCustomers
from services.demo.demo_channel import CrowdContext, DemoChannel, SetUpCall
from services.demo.graph import FakeGraph
from services.demo.instagram_customers import InstagramCustomers
from services.demo.line import FakeLine
from services.demo.line_customers import LineCustomers
from services.demo.linkedin_customers import LINKEDIN
from services.demo.mail_customers import MailCustomers
from services.demo.messenger_customers import MessengerCustomers
from services.demo.meta_posts import MetaSender
from services.demo.numbers import first_number_at
from services.demo.parcels import EITAA
from services.demo.respondents import Respondents
from services.demo.reviewers import Reviewers
from services.demo.rubika import FakeRubika
from services.demo.rubika_customers import RubikaCustomers
from services.demo.staff import PHONES
from services.demo.telegram import FakeTelegram
from services.demo.trustpilot import FakeTrustpilot
from services.demo.twilio import FakeTwilio
from services.demo.twilio_customers import (
    ACCOUNT_SID,
    MEDIA,
    OUR_NUMBER,
    PUBLIC_URL,
    SmsCustomers,
    TwilioSender,
    VoiceCustomers,
)
from services.demo.whatsapp_customers import WhatsAppCustomers
from services.demo.x import USER_ID, FakeX
from services.demo.x_customers import XCustomers

# -- Telegram ------------------------------------------------------------------------------------------------------------


def _telegram_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on Telegram",
        "credentials": {"bot_token": credentials.bot_token, "secret_token": credentials.secret_token},
        "api_base": stand_ins.url,
        "settings": {"username": BOT_USERNAME},
    }


def _telegram_crowd(context: CrowdContext) -> Crowd:
    simulator = CustomerSimulator.starting(context.started_at, context.imagination.random, context.occupancy)
    return TelegramCustomers(simulator, context.credentials.secret_token)


def _set_up_telegram(credentials: Credentials, webhook: str) -> Sequence[SetUpCall]:
    return [(f"/bot{credentials.bot_token}/setWebhook", {"url": webhook})]


# -- Bale ----------------------------------------------------------------------------------------------------------------


def _bale_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on Bale",
        "credentials": {"bot_token": _bale_token(credentials), "path_secret": credentials.secret("bale path")},
        "api_base": f"{stand_ins.url}/bale",
        "settings": {"username": BOT_USERNAME},
    }


def _bale_token(credentials: Credentials) -> str:
    return f"7000000002:{credentials.secret('bale bot')[:35]}"


def _bale_crowd(context: CrowdContext) -> Crowd:
    # Its users write Persian.
    persons = [number for number in range(PERSONS) if DemoPerson(number).language == "fa"]
    first = first_number_at(context.started_at)
    return TelegramCustomers(
        CustomerSimulator(context.imagination.random, first, context.occupancy, persons), None, "bale"
    )


def _set_up_bale(credentials: Credentials, webhook: str) -> Sequence[SetUpCall]:
    return [(f"/bot{_bale_token(credentials)}/setWebhook", {"url": webhook})]


# -- X -------------------------------------------------------------------------------------------------------------------


def _x_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on X",
        "credentials": {
            "consumer_key": credentials.secret("x key"),
            "consumer_secret": credentials.secret("x app"),
            "access_token": credentials.secret("x token"),
            "access_secret": credentials.secret("x user"),
            "user_id": USER_ID,
        },
        "api_base": f"{stand_ins.url}/x",
        "settings": {"automated_replies_approved": True},
    }


def _x_crowd(context: CrowdContext) -> Crowd:
    return XCustomers(context.imagination, context.occupancy, context.credentials.secret("x app"))


# -- Rubika --------------------------------------------------------------------------------------------------------------


def _rubika_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on Rubika",
        "credentials": {
            "bot_token": f"DEMO0{credentials.secret('rubika bot').upper()}",
            "path_secret": credentials.secret("rubika path"),
        },
        "api_base": f"{stand_ins.url}/rubika",
        "settings": {"username": BOT_USERNAME},
    }


def _rubika_crowd(context: CrowdContext) -> Crowd:
    return RubikaCustomers(context.imagination, context.occupancy)


# -- Meta ----------------------------------------------------------------------------------------------------------------


def _meta_app(credentials: Credentials) -> dict[str, Json]:
    return {
        "app_secret": credentials.app_secret,
        "verify_token": credentials.verify_token,
        "access_token": credentials.access_token,
    }


def _whatsapp_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on WhatsApp",
        "credentials": {**_meta_app(credentials), "phone_number_id": PHONE_NUMBER_ID, "waba_id": WABA_ID},
        "api_base": f"{stand_ins.url}/whatsapp",
    }


def _whatsapp_crowd(context: CrowdContext) -> Crowd:
    sender = MetaSender("whatsapp", WABA_ID, context.credentials.app_secret)
    return WhatsAppCustomers(context.imagination, context.occupancy, sender, PHONE_NUMBER_ID, context.photo)


def _set_up_whatsapp(credentials: Credentials, webhook: str) -> Sequence[SetUpCall]:
    callback: Mapping[str, Json] = {"object": "whatsapp_business_account", "callback_url": webhook}
    return [(f"/v25.0/{APP_ID}/subscriptions", callback), (f"/v25.0/{WABA_ID}/subscribed_apps", {})]


def _instagram_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on Instagram",
        "credentials": {**_meta_app(credentials), "app_id": APP_ID, "ig_id": IG_ID},
        "api_base": f"{stand_ins.url}/instagram",
    }


def _instagram_crowd(context: CrowdContext) -> Crowd:
    sender = MetaSender("instagram", IG_ID, context.credentials.app_secret)
    return InstagramCustomers(context.imagination, context.occupancy, sender)


def _set_up_instagram(credentials: Credentials, webhook: str) -> Sequence[SetUpCall]:
    return [("/v25.0/me/subscribed_apps", {"subscribed_fields": "messages,messaging_postbacks,comments"})]


def _messenger_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on Messenger",
        "credentials": {**_meta_app(credentials), "app_id": APP_ID, "page_id": PAGE_ID},
        "api_base": f"{stand_ins.url}/messenger",
    }


def _set_up_messenger(credentials: Credentials, webhook: str) -> Sequence[SetUpCall]:
    callback: Mapping[str, Json] = {"object": "page", "callback_url": webhook}
    return [(f"/v25.0/{APP_ID}/subscriptions", callback), ("/v25.0/me/subscribed_apps", {})]


def _messenger_crowd(context: CrowdContext) -> Crowd:
    sender = MetaSender("messenger", PAGE_ID, context.credentials.app_secret)
    return MessengerCustomers(context.imagination, context.occupancy, sender)


# -- LINE ----------------------------------------------------------------------------------------------------------------


def _line_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on LINE",
        "credentials": {
            "channel_secret": credentials.secret("line channel"),
            "access_token": credentials.secret("line token"),
        },
        "api_base": f"{stand_ins.url}/line",
        "settings": {"username": "pasokhdemo"},
    }


def _line_crowd(context: CrowdContext) -> Crowd:
    return LineCustomers(context.imagination, context.occupancy, context.credentials.secret("line channel"))


def _set_up_line(credentials: Credentials, webhook: str) -> Sequence[SetUpCall]:
    return [("/v2/bot/channel/webhook/endpoint", {"endpoint": webhook})]


# -- Twilio --------------------------------------------------------------------------------------------------------------


def _twilio_account(channel: str, credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    names = {"sms": "Demo shop by SMS", "voice": "Demo shop by telephone"}
    login: dict[str, Json] = {
        "account_sid": ACCOUNT_SID,
        "auth_token": credentials.secret("twilio token"),
        "number": OUR_NUMBER,
        "public_url": PUBLIC_URL,
    }
    settings: dict[str, dict[str, Json]] = {
        "sms": {},
        "voice": {"agents": [{"agent": agent, "phone": phone} for agent, phone in PHONES.items()]},
    }
    return {
        "name": names[channel],
        "credentials": login,
        "api_base": f"{stand_ins.url}/{channel}",
        "settings": settings[channel],
    }


def _twilio_sender(channel: str, context: CrowdContext) -> TwilioSender:
    path = webhook_path(channel, context.workspace, context.credentials)
    return TwilioSender(channel, path, context.credentials.secret("twilio token"))


def _sms_crowd(context: CrowdContext) -> Crowd:
    photo_url = f"{context.stand_ins_url}/sms{MEDIA}"
    return SmsCustomers(context.imagination, context.occupancy, _twilio_sender("sms", context), photo_url)


def _voice_crowd(context: CrowdContext) -> Crowd:
    return VoiceCustomers(context.imagination, context.occupancy, _twilio_sender("voice", context))


def _set_up_twilio(credentials: Credentials, webhook: str) -> Sequence[SetUpCall]:
    return [(f"/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers.json", {"url": webhook})]


# -- mail and the web ----------------------------------------------------------------------------------------------------


def _email_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    mailbox: dict[str, Json] = {
        "provider": "mailgun",
        "signing_key": credentials.signing_key,
        "path_secret": credentials.path_secret,
        "from_address": MAILBOX,
        "smtp_url": stand_ins.smtp_url,
    }
    return {"name": "Demo shop by mail", "credentials": mailbox, "settings": {"from_name": "Demo shop"}}


def _email_crowd(context: CrowdContext) -> Crowd:
    return MailCustomers(context.imagination, context.occupancy, MAILBOX, context.credentials.signing_key)


def _webchat_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {
        "name": "Demo shop on the web",
        "credentials": {"identity_secret": credentials.identity_secret},
    }


# -- reviews and surveys -------------------------------------------------------------------------------------------------


def _reviews_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    application: dict[str, Json] = {
        "provider": "trustpilot",
        "path_secret": credentials.secret("reviews path"),
        "api_key": credentials.secret("reviews key"),
        "api_secret": credentials.secret("reviews secret"),
    }
    return {
        "name": "Demo shop at Trustpilot",
        "credentials": application,
        "api_base": f"{stand_ins.url}/reviews",
    }


def _survey_account(credentials: Credentials, stand_ins: StandIns) -> dict[str, Json]:
    return {"name": "How the demo shop did", "credentials": {"secret": credentials.secret("survey")}}


def _survey_crowd(context: CrowdContext) -> Crowd:
    return Respondents(context.imagination, context.occupancy, context.credentials.secret("survey"))


CHANNELS: tuple[DemoChannel, ...] = (
    # At the root, as a server of the Bot API of one's own is.
    DemoChannel(
        name="telegram",
        account=_telegram_account,
        stand_in=lambda log: FakeTelegram(log=log).app,
        path="",
        crowd=_telegram_crowd,
        share=0.35,
        set_up=_set_up_telegram,
    ),
    DemoChannel(
        name="bale",
        account=_bale_account,
        stand_in=lambda log: FakeTelegram(log=log, channel="bale").app,
        crowd=_bale_crowd,
        share=0.08,
        subpath=lambda credentials: credentials.secret("bale path"),
        set_up=_set_up_bale,
    ),
    DemoChannel(
        name="x",
        account=_x_account,
        stand_in=lambda log: FakeX(log=log).app,
        crowd=_x_crowd,
        share=0.08,
    ),
    DemoChannel(
        name="rubika",
        account=_rubika_account,
        stand_in=lambda log: FakeRubika(log=log).app,
        crowd=_rubika_crowd,
        share=0.1,
        subpath=lambda credentials: credentials.secret("rubika path"),
    ),
    DemoChannel(
        name="whatsapp",
        account=_whatsapp_account,
        stand_in=lambda log: FakeGraph("whatsapp", log=log).app,
        crowd=_whatsapp_crowd,
        share=0.3,
        set_up=_set_up_whatsapp,
    ),
    DemoChannel(
        name="instagram",
        account=_instagram_account,
        stand_in=lambda log: FakeGraph("instagram", IG_ID, log=log).app,
        crowd=_instagram_crowd,
        share=0.2,
        set_up=_set_up_instagram,
    ),
    DemoChannel(
        name="messenger",
        account=_messenger_account,
        stand_in=lambda log: FakeGraph("messenger", PAGE_ID, log=log).app,
        crowd=_messenger_crowd,
        share=0.05,
        set_up=_set_up_messenger,
    ),
    # The SMTP server of mail is no HTTP service: `platforms.py` has it.
    DemoChannel(
        name="email",
        account=_email_account,
        crowd=_email_crowd,
        share=0.15,
        subpath=lambda credentials: credentials.path_secret,
    ),
    DemoChannel(
        name="line",
        account=_line_account,
        stand_in=lambda log: FakeLine(log=log).app,
        crowd=_line_crowd,
        share=0.05,
        set_up=_set_up_line,
    ),
    DemoChannel(
        name="reviews",
        account=_reviews_account,
        stand_in=lambda log: FakeTrustpilot(log=log).app,
        crowd=lambda context: Reviewers(context.imagination, context.occupancy),
        share=0.05,
        subpath=lambda credentials: credentials.secret("reviews path"),
    ),
    # Nobody fills in a survey unasked: whoever was helped is asked.
    DemoChannel(name="survey", account=_survey_account, crowd=_survey_crowd),
    DemoChannel(
        name="sms",
        account=partial(_twilio_account, "sms"),
        stand_in=lambda log: FakeTwilio("sms", log=log).app,
        crowd=_sms_crowd,
        share=0.08,
        set_up=_set_up_twilio,
    ),
    DemoChannel(
        name="voice",
        account=partial(_twilio_account, "voice"),
        stand_in=lambda log: FakeTwilio("voice", log=log).app,
        crowd=_voice_crowd,
        share=0.03,
        set_up=_set_up_twilio,
    ),
    LINKEDIN,
    EITAA,
    API,
    DemoChannel(name="webchat", account=_webchat_account),
)


def accounts(credentials: Credentials, stand_ins: StandIns) -> Mapping[str, dict[str, Json]]:
    """Channel → the body of its account."""
    return {channel.name: channel.account(credentials, stand_ins) for channel in CHANNELS}


def webhook_path(name: str, workspace: str, credentials: Credentials) -> str:
    """Where the platform of a channel calls."""
    [channel] = [one for one in CHANNELS if one.name == name]
    path = f"/webhooks/{name}/{workspace}/{ACCOUNT}"
    return f"{path}/{channel.subpath(credentials)}" if channel.subpath is not None else path


def crowds(context: CrowdContext) -> Mapping[str, Crowd]:
    """Channel → its customers."""
    return {channel.name: channel.crowd(context) for channel in CHANNELS if channel.crowd is not None}
