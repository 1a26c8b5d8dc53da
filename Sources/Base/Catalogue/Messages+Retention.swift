// Sentences of retention: why a snapshot is kept.
extension Message {
    package static let retentionNoRule = Message("retention.no-rule", en: "no rule", fr: "aucune règle")
    package static let retentionDropped = Message("retention.dropped", en: "no rule keeps it", fr: "aucune règle ne le conserve")
    package static let retentionNewestComplete = Message("retention.newest-complete", en: "newest complete one", fr: "dernier complet")
    package static let retentionNewestPartial = Message("retention.newest-partial", en: "newest, partial", fr: "dernier, partiel")
    package static let retentionSameID = Message(
        "retention.same-id", en: "another snapshot of this id is kept", fr: "un autre instantané de même identifiant est conservé")
    package static let retentionLastGoodRestore = Message(
        "retention.last-good-restore", en: "last one that passed a restore test", fr: "dernier à avoir réussi un test de restauration")

    package static func retentionLast(_ place: Int, of count: Int) -> Message {
        Message("retention.last", en: "last (\(place) of \(count))", fr: "derniers (\(place) sur \(count))")
    }

    /// `rule`: its name in both languages. `period`: `2026-W47` and the like.
    package static func retentionPeriod(_ rule: (en: String, fr: String), _ period: String, _ place: Int, of count: Int) -> Message {
        Message(
            "retention.\(rule.en)", en: "\(rule.en) \(period) (\(place) of \(count))", fr: "\(rule.fr) \(period) (\(place) sur \(count))")
    }

    package static func retentionWithin(_ until: Timestamp) -> Message {
        Message("retention.within", en: "within, until \(until.screenText)", fr: "durée, jusqu'au \(until.screenText)")
    }

    package static func retentionCoolOff(_ until: Timestamp) -> Message {
        Message("retention.cool-off", en: "waits until \(until.screenText) (cool-off)", fr: "attend jusqu'au \(until.screenText) (délai de grâce)")
    }

    /// `hold`: short, but unique. `reason`: ready for a terminal.
    package static func retentionHold(_ hold: String, _ reason: String) -> Message {
        Message("retention.hold", en: "hold \(hold): \(reason)", fr: "gel \(hold) : \(reason)")
    }

    package static func retentionAnomaly(_ number: Int64) -> Message {
        Message("retention.anomaly", en: "anomaly \(number) is open", fr: "l'anomalie \(number) est ouverte")
    }

    package static func retentionLocked(_ until: Timestamp) -> Message {
        Message("retention.locked", en: "locked until \(until.screenText)", fr: "verrouillé jusqu'au \(until.screenText)")
    }

    package static func retentionNotReplicated(_ sites: String) -> Message {
        Message("retention.not-replicated", en: "not yet at \(sites)", fr: "pas encore sur \(sites)")
    }
}
