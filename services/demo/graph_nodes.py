"""What the stand-in of the Graph API knows of its account: who it is, which apps hear it, where they are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.values import Json
from services.demo.graph_messages import MetaChannel
from services.demo.graph_shapes import GraphCall, wrong_parameter

FIELDS = ("messages", "messaging_postbacks", "feed", "comments")


@dataclass
class GraphNodes:
    """The account of a stand-in. `own_id` is what `/me` is; `subscribed` are the nodes that the app hears, with their fields;
    `callbacks` are the app's addresses by the object of its webhooks.
    """

    channel: MetaChannel
    own_id: str = ""
    subscribed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    callbacks: dict[str, str] = field(default_factory=dict)

    def show(self, call: GraphCall) -> dict[str, Json]:
        """A node: the number, the page, the Instagram account, or `/me`."""
        node = self._named(call)
        if self.channel == "whatsapp":
            configured: Mapping[str, Json] = {"application": next(iter(self.callbacks.values()), "")}
            phone: dict[str, Json] = {"display_phone_number": "+1 555 010 0000", "verified_name": "Demo shop"}
            return {"id": node, **phone, "status": "CONNECTED", "webhook_configuration": dict(configured)}
        named: dict[str, Json] = {"id": node, "name": "Demo shop", "username": "demo_shop"}
        if self.channel == "messenger":
            return named
        return {**named, "user_id": node, "instagram_business_account": {"id": node}}

    def subscribe(self, call: GraphCall) -> dict[str, Json]:
        """`POST /{node}/subscribed_apps`."""
        fields = call.text("subscribed_fields")
        self.subscribed[self._named(call)] = tuple(fields.split(",")) if fields else FIELDS
        return {"success": True}

    def show_subscribed(self, call: GraphCall) -> dict[str, Json]:
        """`GET /{node}/subscribed_apps`."""
        fields = self.subscribed.get(self._named(call))
        if fields is None:
            return {"data": []}
        app: dict[str, Json] = {"name": "Demo", "subscribed_fields": list(fields)}
        return {"data": [{"whatsapp_business_api_data": app} if self.channel == "whatsapp" else app]}

    def set_callback(self, call: GraphCall) -> dict[str, Json]:
        """`POST /{app}/subscriptions` (developers.facebook.com/docs/graph-api/reference/app/subscriptions)."""
        if not (call.text("object") and call.text("callback_url")):
            raise wrong_parameter("The parameters object and callback_url are required.")
        self.callbacks[call.text("object")] = call.text("callback_url")
        return {"success": True}

    def show_callbacks(self, call: GraphCall) -> dict[str, Json]:
        """`GET /{app}/subscriptions`."""
        listed: list[Json] = [
            {"object": name, "callback_url": url, "active": True} for name, url in self.callbacks.items()
        ]
        return {"data": listed}

    def _named(self, call: GraphCall) -> str:
        return (self.own_id or call.node) if call.node == "me" else call.node
