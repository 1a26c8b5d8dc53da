import Base
import Codec
import Sites
import TestSupport
import Testing

@testable import S3

/// What is said to a store and understood of its answers: without any store.
@Suite(.timeLimit(.minutes(1))) struct S3ProtocolTests {
    // MARK: signatures

    /// The examples of "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk"
    /// (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let request: S3Request
        var body = ""
        let signed: String
        let signature: String

        static let published = [
            Example(
                testDescription: "GET object", request: S3Request("GET", "", "test.txt", headers: [("Range", "bytes=0-9")]),
                signed: "host;range;x-amz-content-sha256;x-amz-date", signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            Example(
                testDescription: "PUT object",
                request: S3Request(
                    "PUT", "", "test$file.text", headers: [("x-amz-storage-class", "REDUCED_REDUNDANCY"), ("Date", "Fri, 24 May 2013 00:00:00 GMT")]),
                body: "Welcome to Amazon S3.", signed: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
            Example(
                testDescription: "GET bucket lifecycle", request: S3Request("GET", "", query: [("lifecycle", "")]),
                signed: "host;x-amz-content-sha256;x-amz-date", signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            Example(
                testDescription: "list objects", request: S3Request("GET", "", query: [("prefix", "J"), ("max-keys", "2")]),
                signed: "host;x-amz-content-sha256;x-amz-date", signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        ]
    }

    private static let may24 = Timestamp(seconds: 1_369_353_600)

    private static func credentials(_ token: String? = nil) -> S3Credentials {
        S3Credentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: Secret(Array("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".utf8)), sessionToken: token)
    }

    private func headers(_ example: Example, _ signer: RequestSigner, at moment: Timestamp = may24) -> [String: String] {
        let signed = signer.headers(
            for: example.request, host: "examplebucket.s3.amazonaws.com", path: "/" + percentEncoded(example.request.key, keepingSlash: true),
            payload: sha256(Array(example.body.utf8)).hex, at: moment)
        return Dictionary(signed) { _, _ in
            Issue.record("a header is there twice")
            return ""
        }
    }

    @Test(arguments: Example.published)
    func thePublishedExamplesComeOut(_ example: Example) {
        let headers = headers(example, RequestSigner(Self.credentials(), region: "us-east-1"))
        #expect(
            headers["authorization"] == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=\(example.signed), Signature=\(example.signature)")
        #expect(headers["x-amz-date"] == "20130524T000000Z")
        #expect(headers["x-amz-content-sha256"] == sha256(Array(example.body.utf8)).hex)
        #expect(headers["x-amz-security-token"] == nil)
    }

    @Test func theKeyOfADayIsNotUsedOnAnother() {
        let signer = RequestSigner(Self.credentials(), region: "us-east-1")
        let first = headers(Example.published[0], signer)
        #expect(headers(Example.published[0], signer, at: Self.may24.adding(seconds: 86400)) != first)
        #expect(headers(Example.published[0], signer) == first)
    }

    @Test func aSessionTokenIsSentAndSigned() {
        let headers = headers(Example.published[0], RequestSigner(Self.credentials("token+/="), region: "us-east-1"))
        #expect(headers["x-amz-security-token"] == "token+/=")
        #expect(headers["authorization"]!.contains("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date;x-amz-security-token,"))
    }

    // MARK: addresses

    @Test(arguments: [
        ("", ""), ("abcXYZ019-._~", "abcXYZ019-._~"), ("a b", "a%20b"), ("a+b&c=d?e#f", "a%2Bb%26c%3Dd%3Fe%23f"), ("%41", "%2541"),
        ("é日🏥", "%C3%A9%E6%97%A5%F0%9F%8F%A5"), ("e\u{301}", "e%CC%81"), ("\u{0}\n\u{7F}", "%00%0A%7F"), ("!*'()[]", "%21%2A%27%28%29%5B%5D"),
    ])
    func everythingButUnreservedCharactersIsEncoded(_ text: String, _ encoded: String) {
        #expect(percentEncoded(text) == encoded)
        #expect(percentEncoded("/\(text)/") == "%2F\(encoded)%2F")
        #expect(percentEncoded("/\(text)/", keepingSlash: true) == "/\(encoded)/")
    }

    @Test(
        arguments: [
            ([], ""), ([("uploads", "")], "uploads="), ([("b", "2"), ("a", "1")], "a=1&b=2"),
            ([("a", "2"), ("a", "10"), ("a", "1")], "a=1&a=10&a=2"),
            ([("a", ""), ("a", "")], "a=&a="), ([("a-b", "1"), ("a", "2"), ("a.c", "3"), ("B", "4")], "B=4&a=2&a-b=1&a.c=3"),
            ([("prefix", "t/a b+c")], "prefix=t%2Fa%20b%2Bc"), ([("marker", "&x=y"), ("é", "=")], "%C3%A9=%3D&marker=%26x%3Dy"),
            // By what is sent: an encoded letter comes before all others.
            ([("a", "z"), ("a", "é"), ("a", "~")], "a=%C3%A9&a=z&a=~"),
        ] as [([(String, String)], String)])
    func aQueryIsSortedAndEncoded(_ query: [(String, String)], _ canonical: String) {
        #expect(S3Request("GET", "b", query: query).canonicalQuery == canonical)
    }

    private func place(_ url: String, pathStyle: Bool, _ bucket: String, _ key: String) throws -> String {
        let endpoint = S3Endpoint(url: url, region: "r", usesPathStyle: pathStyle)
        let client = try S3Client(name: "site", endpoint: endpoint, credentials: Self.credentials(), upload: .unlimited, download: .unlimited)
        let place = client.place(S3Request("GET", bucket, key))
        return "\(place.host) \(place.path)"
    }

    @Test func aBucketIsInThePathOrInTheName() throws {
        #expect(try place("https://s3.example.org", pathStyle: true, "b", "t/packs/x") == "s3.example.org /b/t/packs/x")
        #expect(try place("https://s3.example.org/", pathStyle: true, "b", "") == "s3.example.org /b")
        #expect(try place("https://s3.example.org", pathStyle: false, "b", "t/packs/x") == "b.s3.example.org /t/packs/x")
        #expect(try place("https://s3.example.org:8443", pathStyle: false, "b", "") == "b.s3.example.org:8443 /")
        #expect(try place("http://127.0.0.1:9000", pathStyle: true, "b", "a b/é") == "127.0.0.1:9000 /b/a%20b/%C3%A9")
    }

    @Test(arguments: ["", "s3.example.org", "https://", "https://a/b", "ftp://a", "https:", "httpx://a", "/a", "https:a/b"])
    func whatIsNoEndpointIsRefused(_ url: String) throws {
        #expect(try failureKind { _ = try place(url, pathStyle: true, "b", "") } == .usage)
    }

    // MARK: times

    private static let moments: [(String, Int64, String)] = [
        ("1970-01-01T00:00:00Z", 0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("1999-12-31T23:59:59Z", 946_684_799, "Fri, 31 Dec 1999 23:59:59 GMT"),
        ("2000-02-29T12:34:56Z", 951_827_696, "Tue, 29 Feb 2000 12:34:56 GMT"),
        ("2023-12-31T23:59:59Z", 1_704_067_199, "Sun, 31 Dec 2023 23:59:59 GMT"),
        ("2024-01-01T00:00:00Z", 1_704_067_200, "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("2024-02-29T23:59:59Z", 1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        ("2026-11-26T18:15:00Z", 1_795_716_900, "Thu, 26 Nov 2026 18:15:00 GMT"),
        ("2038-01-19T03:14:08Z", 2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT"),
        ("2100-02-28T23:59:59Z", 4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        ("2100-03-01T00:00:00Z", 4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ("9999-12-31T23:59:59Z", 253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ]

    @Test(arguments: moments)
    func timesAreWrittenAndReadBack(_ extended: String, _ seconds: Int64, _ httpDate: String) {
        let moment = Timestamp(seconds: seconds)
        #expect(CivilTime(moment).extended == extended)
        #expect(CivilTime(moment).compact == extended.filter { $0 != "-" && $0 != ":" })
        #expect(CivilTime.parse(extended: extended) == moment)
        #expect(CivilTime.parse(extended: extended.replacing("Z", with: ".000Z")) == moment)
        #expect(CivilTime.parse(extended: extended.replacing("Z", with: ".123456789Z")) == moment)
        #expect(CivilTime.parse(httpDate: httpDate) == moment)
    }

    @Test func everySecondComesBack() {
        var random = SeededGenerator(7)
        for _ in 0..<5000 {
            let moment = Timestamp(seconds: Int64(random.below(253_402_300_800)))
            #expect(CivilTime.parse(extended: CivilTime(moment).extended) == moment)
        }
    }

    @Test(arguments: [
        "", "Z", "2026-11-26", "2026-11-26T18:15:00", "2026-11-26T18:15:00+01:00", "2026-11-26T18:15:00+01:00Z", "2026-11-26T18:15Z",
        "2026-11-26T18:15:0Z", "2026-11-26 18:15:00Z", "2026T11-26-18:15:00Z", "2026-11-26T18:15:xxZ", "2026-13-26T18:15:00Z",
        "2026-00-26T18:15:00Z", "2026-11-31T18:15:00Z", "2026-02-29T18:15:00Z", "2100-02-29T18:15:00Z", "2026-11-00T18:15:00Z",
        "2026-11-26T24:15:00Z", "2026-11-26T18:60:00Z", "2026-11-26T18:15:61Z", "2026-11-26T18:15:00.Z", "2026-11-26T18:15:00.1x2Z",
        "99999999999-1-1T1:1:1Z", "+026-11-26T18:15:00Z", "é026-11-26T18:15:00Z",
    ])
    func whatIsNoTimeIsNotRead(_ text: String) { #expect(CivilTime.parse(extended: text) == nil) }

    /// The header comes from whoever answers: nothing in it may end the program.
    @Test(arguments: [
        "", "now", "Thu, 26 Nov 2026 18:15:00", "Thu, 26 Nov 2026 18:15:00 CET", "Thu, 26 Nov -2147483648 18:15:00 GMT",
        "Thu, 26 Nov 2147483647 18:15:00 GMT", "Thu, -2147483648 Nov 2026 18:15:00 GMT", "Thu, 2147483647 Nov 2026 18:15:00 GMT",
        "Thu, 26 Nov 2026 2147483647:2147483647:2147483647 GMT", "Thu, 26 nov 2026 18:15:00 GMT", "Thu, 26 Nov 2026 18:15 GMT",
        "Thu, 31 Nov 2026 18:15:00 GMT", "Thu, 26 Nov 2026 24:00:00 GMT", "Thursday, 26-Nov-26 18:15:00 GMT", "Thu Nov 26 18:15:00 2026",
    ])
    func whatIsNoDateIsNotRead(_ text: String) { #expect(CivilTime.parse(httpDate: text) == nil) }

    // MARK: answers

    private func fields(_ text: String) -> XMLFields? { XMLFields(Array(text.utf8)) }

    private static let list = """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>t/</Prefix><KeyCount>2</KeyCount>
          <IsTruncated>true</IsTruncated>
          <Contents><Key>t/a</Key><Size>1</Size><ETag>&quot;e&quot;</ETag><Owner><ID>x</ID><DisplayName/></Owner></Contents>
          <Contents><Key>t/&amp;&lt;&#65;&#x42;</Key><Size>22</Size></Contents>
          <NextContinuationToken>next==</NextContinuationToken>
        </ListBucketResult>
        """

    @Test func aListIsReadByGroups() throws {
        let page = try #require(fields(Self.list))
        let contents = page.groups.filter { $0.name == "Contents" }
        #expect(contents.map { $0["Key"] } == ["t/a", "t/&<AB"] && contents.map { $0["Size"] } == ["1", "22"])
        #expect(contents[0]["ETag"] == "\"e\"" && contents[0]["ID"] == nil)
        #expect(page.groups.last?.name == "ListBucketResult")
        #expect(page.root("IsTruncated") == "true" && page.root("NextContinuationToken") == "next==" && page.root("Key") == nil)
        #expect(page.first("Key") == "t/a" && page.first("Absent") == nil)
    }

    @Test func whatIsAroundTheTextIsPassedOver() throws {
        let page = try #require(
            fields(
                "\u{FEFF}<?xml version='1.0'?>\n<!-- <x> --><a b='1' c = \"'>\" ><k\n>1 &gt;&#x20AC;<![CDATA[<&>]]></k ><k>2</k><e/></a >\n<!---->"))
        #expect(page.groups.count == 1 && page.root("k") == "1 >€<&>" && page.root("e") == "")
    }

    @Test func anEmptyListHasARootOnly() throws {
        let page = try #require(fields("<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>"))
        #expect(page.groups.count == 1 && page.root("IsTruncated") == "false")
        #expect(try #require(fields("<ListBucketResult/>")).groups.map(\.name) == ["ListBucketResult"])
    }

    @Test func anErrorIsReadWithItsCode() {
        let answer = { (status: Int, body: String) in
            var answer = Transport.Answer()
            answer.status = status
            answer.body = Array(body.utf8)
            return StoreError(answer)
        }
        let slow = answer(503, "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>Please &lt;wait&gt;</Message><Key>k</Key></Error>")
        #expect(slow.code == "SlowDown" && slow.text == "503 SlowDown")
        for body in ["", "<html>gateway</html>", "Bad Gateway", "<Error><Code>Cut"] {
            #expect(answer(502, body).code == "" && answer(502, body).text == "HTTP 502")
        }
    }

    @Test func whatIsNotWholeIsNotRead() {
        let bytes = Array(Self.list.utf8)
        for count in 0..<bytes.count - 1 { #expect(XMLFields(Array(bytes[..<count])) == nil) }
        for text in [
            "plain", "<a>", "<a></b>", "<a/><b/>", "<a b=c/>", "{\"json\": 1}", "\u{0}", "<a b=\"1\"c=\"2\"/>", "<a b=\"<\"/>", "<1/>", "<a>&amp</a>",
            "<a>&#xD800;</a>", "<a>&#0;</a>", "<a/>x", "x<a/>", "<!DOCTYPE a><a/>", "<a>&undefined;</a>", "<a>\u{1}</a>",
        ] {
            #expect(fields(text) == nil, "\(text)")
        }
    }

    @Test(arguments: ["UTF-8", "ISO-8859-1", "UTF-16", "windows-1252", "UTF-7", "nonsense"], 0..<3 as Range<UInt64>)
    func changedAnswersNeverEndTheProgram(_ encoding: String, _ seed: UInt64) {
        var mutation = Mutation(seed: seed)
        let bytes = Array(Self.list.replacing("UTF-8", with: encoding).utf8)
        for _ in 0..<2000 { _ = XMLFields(mutation.apply(bytes)) }
    }

    @Test func namesThatAreNoTextAreNotRead() {
        for bytes in [[0xCB], [0xC3, 0x28], [0xFF], [0xED, 0xA0, 0x80], [0]] as [[UInt8]] {
            #expect(XMLFields(Array("<a><b".utf8) + bytes + Array(">x</b".utf8) + bytes + Array("></a>".utf8)) == nil)
            #expect(XMLFields(Array("<a><b c".utf8) + bytes + Array("=\"x\">".utf8) + bytes + Array("</b></a>".utf8)) == nil)
        }
    }

    @Test(arguments: [10, 200, 100_000])
    func depthIsBorne(_ depth: Int) {
        let text = String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        let read = fields(text)
        if depth <= 200 { #expect(read != nil) } else { #expect(read == nil) }
    }

    @Test func aHugeListIsReadInReasonableTime() throws {
        let began = monotonicSeconds()
        let contents = (0..<20_000).map { "<Contents><Key>t/packs/ab/\($0)</Key><Size>\($0)</Size></Contents>" }.joined()
        let page = try #require(fields("<ListBucketResult>\(contents)</ListBucketResult>"))
        #expect(page.groups.count == 20_001 && page.groups[19_999]["Size"] == "19999")
        #expect(monotonicSeconds() - began < 20)
    }

    /// Entities that stand for ten others each, nine times over: three gigabytes of text, were they all put in.
    @Test func anEntityBombStaysSmall() {
        let began = monotonicSeconds()
        let levels = (1...9).map { "<!ENTITY e\($0) \"\(String(repeating: "&e\($0 - 1);", count: 10))\">" }.joined()
        let read = fields("<!DOCTYPE r [<!ENTITY e0 \"lol\">\(levels)]><r><Key>&e9;</Key></r>")
        let nested = read?.first("Key")?.utf8.count ?? 0
        #expect(nested < 1 << 20)
        #expect(monotonicSeconds() - began < 20)
        // Not nested, but one long text many times.
        let long = String(repeating: "x", count: 100_000)
        let wide = fields("<!DOCTYPE r [<!ENTITY e \"\(long)\">]><r><Key>\(String(repeating: "&e;", count: 20_000))</Key></r>")
        let repeated = wide?.first("Key")?.utf8.count ?? 0
        #expect(repeated < 64 << 20)
        #expect(monotonicSeconds() - began < 20)
    }

    @Test func nothingOfThisMachineIsPutIntoAnAnswer() throws {
        let folder = try TemporaryFolder()
        try folder.write("secret", Array("hidden".utf8))
        for entity in ["<!ENTITY e SYSTEM \"file://\(folder.path)/secret\">", "<!ENTITY % p SYSTEM \"file://\(folder.path)/secret\"> %p;"] {
            let read = fields("<!DOCTYPE r [\(entity)]><r><Key>a&e;b</Key></r>")
            let text = read?.first("Key") ?? ""
            #expect(!text.contains("hidden"))
        }
    }

    // MARK: credentials

    private func credentials(_ text: String) -> S3Credentials? { S3Credentials(text: Array(text.utf8)) }

    @Test func credentialsAreLinesInAnyOrder() throws {
        let read = try #require(credentials("# of the node\n\nAWS_SECRET_ACCESS_KEY=a=b/c+d\r\n#\nAWS_ACCESS_KEY_ID=KEY\n"))
        #expect(read.accessKey == "KEY" && read.secretKey.withBytes { Array($0) } == Array("a=b/c+d".utf8) && read.sessionToken == nil)
        let temporary = try #require(credentials("AWS_ACCESS_KEY_ID=KEY\nAWS_SESSION_TOKEN=t\nAWS_SECRET_ACCESS_KEY=s"))
        #expect(temporary.sessionToken == "t")
    }

    @Test func anEmptyTokenIsNone() throws {
        #expect(try #require(credentials("AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=s\nAWS_SESSION_TOKEN=\n")).sessionToken == nil)
    }

    @Test(arguments: [
        "", "\n", "AWS_ACCESS_KEY_ID=KEY", "AWS_SECRET_ACCESS_KEY=s", "AWS_ACCESS_KEY_ID=\nAWS_SECRET_ACCESS_KEY=s",
        "AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=", "AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=s\nstray",
        "AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=s\nAWS_REGION=r", "AWS_ACCESS_KEY_ID = KEY\nAWS_SECRET_ACCESS_KEY=s",
        "AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY= s", "AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=\"s s\"",
        "AWS_ACCESS_KEY_ID=KÉY\nAWS_SECRET_ACCESS_KEY=s", "aws_access_key_id=KEY\naws_secret_access_key=s", "[default]\nAWS_ACCESS_KEY_ID=KEY",
        "export AWS_ACCESS_KEY_ID=KEY\nexport AWS_SECRET_ACCESS_KEY=s", "AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=s\u{0}",
        "AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=s\tt", "AWS_ACCESS_KEY_ID=KEY\nAWS_ACCESS_KEY_ID=OTHER\nAWS_SECRET_ACCESS_KEY=s",
    ])
    func whatAreNoCredentialsIsRefused(_ text: String) { #expect(credentials(text) == nil) }

    @Test func bytesThatAreNoTextAreNoCredentials() {
        #expect(S3Credentials(text: Array("AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=s".utf8) + [0xFF, 0xFE]) == nil)
    }

    @Test func aSecretDoesNotShowWhenPrinted() throws {
        let read = try #require(credentials("AWS_ACCESS_KEY_ID=KEY\nAWS_SECRET_ACCESS_KEY=verysecret\nAWS_SESSION_TOKEN=token"))
        var text = ""
        dump(read, to: &text)
        let shown = "\(read)\(String(reflecting: read))\(text)"
        #expect(!shown.contains("verysecret"))
    }
}
