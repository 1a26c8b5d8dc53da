// Sentences about keys and sealed bytes.
extension Message {
    package static let keyUnusable = Message("key.unusable", en: "the key cannot be used", fr: "la clé est inutilisable")
    package static let wrongKey = Message(
        "key.wrong", en: "this key does not open it; nothing shows that it is damaged",
        fr: "cette clé ne l'ouvre pas ; rien n'indique un dommage")
    package static let wrongKeyFile = Message(
        "key.wrong-file", en: "this file holds a key of another role", fr: "ce fichier contient une clé d'un autre rôle")
    package static let badTag = Message(
        "sealed.bad-tag", en: "damaged: its seal does not match its bytes", fr: "endommagé : le sceau ne correspond pas aux octets")
    package static let badChecksum = Message(
        "stored.bad-checksum", en: "damaged: its bytes do not match their checksum",
        fr: "endommagé : les octets ne correspondent pas à leur somme de contrôle")
    package static let newerFormat = Message(
        "format.newer", en: "it was written by a newer version; nothing was changed",
        fr: "écrit par une version plus récente ; rien n'a été modifié")
    package static let passphraseNeeded = Message(
        "key.passphrase-needed", en: "a passphrase is needed (terminal, --passphrase-fd, HDSBACKUP_PASSPHRASE_FILE or HDSBACKUP_PASSPHRASE_COMMAND)",
        fr: "une phrase secrète est nécessaire (terminal, --passphrase-fd, HDSBACKUP_PASSPHRASE_FILE ou HDSBACKUP_PASSPHRASE_COMMAND)")
    package static let wrongPassphrase = Message("key.wrong-passphrase", en: "wrong passphrase", fr: "phrase secrète incorrecte")
    package static let badRecoveryCode = Message(
        "key.bad-code", en: "this is not a recovery code (nine groups of four characters; check each one)",
        fr: "ce n'est pas un code de secours (neuf groupes de quatre caractères ; vérifiez chacun)")
}
