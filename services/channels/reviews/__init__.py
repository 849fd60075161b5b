"""Reviews of a shop, a place or an app: Trustpilot, Google Business, Google Play and the App Store."""
