// swift-tools-version: 6.2
import PackageDescription

/// Safety settings of every target: Swift 6 language mode, and warnings are errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// The targets that crunch bytes are optimised in debug builds too: a content-defined cut runs at
/// 60 MB/s without, and the end-to-end tests would not fit their time.
let crunching: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
    name: "hdsbackup",
    products: [.executable(name: "hdsbackup", targets: ["hdsbackup"]), .executable(name: "hdsbackupd", targets: ["hdsbackupd"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    ],
    targets: [
        .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        // resolv: ns_initparse(3), for aliases in the DNS.
        .target(name: "CLinux", linkerSettings: [.linkedLibrary("resolv")]),
        .target(name: "Base", dependencies: ["CLinux"], swiftSettings: crunching),
        .target(name: "Codec", dependencies: ["Base", "CLibcrypto", "CZstd", "CLZ4", "CLinux"], swiftSettings: crunching),
        .target(name: "Scheduling", dependencies: ["Base"], swiftSettings: strict),
        .target(name: "Chunking", dependencies: ["Base", "Codec"], swiftSettings: crunching),
        .target(
            name: "Keys", dependencies: ["Base", "Codec", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: crunching),
        .target(name: "Journal", dependencies: ["Base", "Codec", "Keys", "CLinux"], swiftSettings: crunching),
        .target(name: "Sites", dependencies: ["Base", "Codec"], swiftSettings: crunching),
        .target(
            name: "S3",
            dependencies: [
                "Base", "Codec", "Sites", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], swiftSettings: crunching),
        .target(name: "Repository", dependencies: ["Base", "Codec", "Chunking", "Keys", "Sites"], swiftSettings: crunching),
        .target(name: "Backup", dependencies: ["Repository"], swiftSettings: crunching),
        .target(name: "Restore", dependencies: ["Repository"], swiftSettings: crunching),
        .target(
            name: "Replication", dependencies: ["Repository", "CLinux", .product(name: "GRDB", package: "GRDB.swift")], swiftSettings: crunching),
        .target(
            name: "Migration", dependencies: ["Base", "Codec", "Keys", "Sites", "Repository", "Replication"], swiftSettings: crunching),
        .target(name: "Verification", dependencies: ["Repository", "Restore", "Replication"], swiftSettings: crunching),
        .target(name: "Maintenance", dependencies: ["Repository", "Scheduling"], swiftSettings: crunching),
        .target(
            name: "Sovereignty", dependencies: ["Base", "Codec", "Scheduling", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .target(name: "Report", dependencies: ["Base", "Codec", "Keys", "Scheduling", "Sovereignty"], swiftSettings: strict),
        .target(
            name: "Operations",
            dependencies: [
                "Backup", "Restore", "Replication", "Verification", "Maintenance", "Migration", "Journal", "Sovereignty", "Report", "S3",
                "Scheduling", "CLinux",
                "TOMLKit",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ], swiftSettings: strict),
        .target(
            name: "Daemon",
            dependencies: [
                "Operations", "Scheduling", "Codec", .product(name: "Logging", package: "swift-log"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"), .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"), .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "hdsbackup",
            dependencies: ["Operations", "CLinux", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict),
        .executableTarget(
            name: "hdsbackupd",
            dependencies: ["Daemon", "CLinux", .product(name: "ArgumentParser", package: "swift-argument-parser")], swiftSettings: strict),
        .target(
            name: "TestSupport", dependencies: ["Base", "Codec", "Keys", "Sites", "S3", "Repository"], path: "Tests/TestSupport",
            swiftSettings: strict),
        .testTarget(name: "BaseTests", dependencies: ["Base", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CodecTests", dependencies: ["Base", "Codec"], swiftSettings: strict),
        .testTarget(name: "ChunkingTests", dependencies: ["Base", "Codec", "Chunking"], swiftSettings: strict),
        .testTarget(
            name: "KeysTests", dependencies: ["Base", "Codec", "Keys", "TestSupport", .product(name: "Crypto", package: "swift-crypto")],
            exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(
            name: "JournalTests", dependencies: ["Journal", "Keys", "Codec", "Base", "TestSupport"], exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(name: "SitesTests", dependencies: ["Base", "Codec", "Sites", "S3", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "TreeTests", dependencies: ["Repository", "Base", "Chunking"], swiftSettings: strict),
        .testTarget(
            name: "RepositoryTests", dependencies: ["Operations", "Repository", "Sites", "Keys", "Codec", "Base", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "FuzzTests", dependencies: ["Operations", "Backup", "Repository", "Journal", "Keys", "Codec", "Base", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "BackupTests", dependencies: ["Backup", "Repository", "Sites", "Keys", "Codec", "Base", "CLinux", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "RestoreTests", dependencies: ["Restore"], swiftSettings: strict),
        .testTarget(name: "ReplicationTests", dependencies: ["Replication", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "MigrationTests", dependencies: ["Migration", "Replication", "Repository", "Sites", "Keys", "Codec", "Base"],
            swiftSettings: strict),
        .testTarget(name: "VerificationTests", dependencies: ["Verification"], swiftSettings: strict),
        .testTarget(
            name: "MaintenanceTests",
            dependencies: ["Maintenance", "Scheduling", "Repository", "Sites", "Keys", "Codec", "Base", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "SchedulingTests", dependencies: ["Scheduling", "Base", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "DaemonTests", dependencies: ["Daemon", "Operations", "Scheduling", "Verification", "Base", "Codec", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "SovereigntyTests",
            dependencies: ["Sovereignty", "Scheduling", "Codec", "Base", .product(name: "Crypto", package: "swift-crypto")], exclude: ["Vectors"],
            swiftSettings: strict),
        .testTarget(name: "ReportTests", dependencies: ["Report", "Sovereignty", "Scheduling", "Keys", "Codec", "Base"], swiftSettings: strict),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "Operations", "Report", "Sovereignty", "Scheduling", "S3", "Sites", "Base", "Codec", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
            ], swiftSettings: strict),
    ]
)
