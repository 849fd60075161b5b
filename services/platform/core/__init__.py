"""What everything else stands on: errors, ids, the source of time, settings, logging, metrics. It knows no port and no IO."""
