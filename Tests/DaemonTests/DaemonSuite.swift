import Testing

/// Tests that set the process's clock: one after the other.
@Suite(.serialized) struct DaemonSuite {}
