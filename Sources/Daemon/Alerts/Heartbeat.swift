import AsyncHTTPClient
import Base
import Logging
import Operations

/// Tells an address at regular times that the daemon lives, so that whoever listens there notices its silence. It is silent itself when the main loop hangs.
final class Heartbeat: Sendable {
    private struct State {
        var address: String?
        var every = 300.0
        var isOver = false
        var isChanged = true
        var isFailing = false
    }

    private let state = Monitor(State())
    private let client: HTTPClient
    private let log: Logger

    init(client: HTTPClient, log: Logger) {
        self.client = client
        self.log = log
    }

    func set(_ alert: Configuration.Alert) {
        state.change {
            $0.address = alert.heartbeat
            $0.every = max(1, seconds(alert.heartbeatEvery))
            $0.isChanged = true
        }
    }

    func stop() { state.change { $0.isOver = true } }

    /// Beats until `stop`, as long as `isAlive`.
    func run(isAlive: () -> Bool) {
        while true {
            let (address, every, isOver) = state.look { state in
                state.isChanged = false
                return (state.address, state.every, state.isOver)
            }
            if isOver { return }
            if let address, isAlive() { beat(address) }
            _ = state.wait(atMost: address == nil ? 3_600 : every) { $0.isOver || $0.isChanged }
        }
    }

    private func beat(_ address: String) {
        do {
            try client.call(address, method: "GET", headers: [], body: [])
            state.look { $0.isFailing = false }
        } catch {
            // Said once: whoever misses the beat calls anyway.
            let isNew = state.look { state in
                defer { state.isFailing = true }
                return !state.isFailing
            }
            if isNew { log.warning("the heartbeat does not arrive", metadata: ["reason": "\(failures(of: error).first?.message.english ?? "?")"]) }
        }
    }
}
