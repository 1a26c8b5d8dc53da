import Base
import Operations

/// A channel over the network, which keeps silent while the machine is isolated: what it has to tell waits.
struct NetworkChannel: AlertChannel {
    let channel: any AlertChannel
    let isolation: Isolation

    var name: String { channel.name }

    func deliver(_ telling: Telling, language: Language) throws {
        if let refusal = isolation.refusal { throw refusal }
        try channel.deliver(telling, language: language)
    }
}
