import Base
import Codec
import NIOCore
import NIOPosix
import NIOSSL
import Sites

extension S3Client {
    /// Version and issuer of the TLS connection that the store makes, seen on a connection of its own.
    func transportSecurity() throws -> (SiteProbe.Verdict, String) {
        guard endpoint.url.hasPrefix("https") else { return (.warning, "none: plain http, on this machine only") }
        guard endpoint.proxy == nil else { return (.none, "not seen through the proxy") }
        // An IPv6 address stands in brackets.
        let colon = authority.lastIndex(of: ":").flatMap { authority.hasSuffix("]") ? nil : $0 }
        let port = colon.flatMap { Int(authority[authority.index(after: $0)...]) } ?? 443
        let host = String(authority[..<(colon ?? authority.endIndex)].filter { $0 != "[" && $0 != "]" })
        let context = try NIOSSLContext(configuration: Transport.security(endpoint.authorityFile))
        let isNumeric = host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") } || host.contains(":")
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(10)).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: isNumeric ? nil : host))
            }
        }
        let channel = try bootstrap.connect(host: host, port: port).wait()
        defer { channel.close(promise: nil) }
        // A byte makes the handshake happen before anything is asked of it.
        try channel.writeAndFlush(ByteBuffer(string: "HEAD / HTTP/1.1\r\nhost: \(authority)\r\n\r\n")).wait()
        let version = try channel.nioSSL_tlsVersion().wait()
        guard let certificate = try channel.nioSSL_peerCertificate().wait() else { return (.bad, "no certificate") }
        let name = version.map { "\($0)".replacing("tlsv1", with: "TLS 1.") } ?? "TLS"
        return (.good, "\(name), issued by \(certificateIssuer(try certificate.toDERBytes()) ?? "?")")
    }
}
