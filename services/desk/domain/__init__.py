"""Rules of signing in by an issuer (OpenID Connect): values and a time in, a decision out. No IO."""
