import Glibc
import Scheduling

extension SiteFacts {
    /// What the store can do, as a probe found it. `lifecycleRules` and `bucketEncryption` are ours, beside regulation §4: the
    /// storage conditions of a provider's HDS contract speak of them.
    package struct Capabilities: Sendable, Equatable {
        package var hasVersioning: Bool?
        package var objectLock: [LockMode]?
        package var hasLifecycleRules: Bool?
        package var hasBucketEncryption: Bool?
        package var probedOn: CalendarDay?

        package init() {}
    }

    /// Modes of S3 Object Lock.
    package enum LockMode: String, Sendable, CaseIterable {
        case compliance = "COMPLIANCE"
        case governance = "GOVERNANCE"
    }
}

/// A place on Earth, in degrees.
package struct Coordinates: Sendable, Equatable {
    package let latitude: Double
    package let longitude: Double

    /// Nil outside the globe.
    package init?(latitude: Double, longitude: Double) {
        guard (-90...90).contains(latitude), (-180...180).contains(longitude) else { return nil }
        self.latitude = latitude
        self.longitude = longitude
    }

    /// Along the great circle (haversine), on a sphere of 6,371 km: within 0.5 % of the ellipsoid.
    package func kilometres(to other: Coordinates) -> Double {
        let radians = Double.pi / 180
        let (here, there) = (latitude * radians, other.latitude * radians)
        let north = sin((there - here) / 2)
        let east = sin((other.longitude - longitude) * radians / 2)
        let haversine = north * north + cos(here) * cos(there) * east * east
        return 2 * 6_371 * asin(min(1, haversine.squareRoot()))
    }
}
