// Which portals and servers are approved: the policy file, and the verdict on one server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "packet/packet.h"

namespace umbratap::detect {
class YamlNode;
}

namespace umbratap::inventory {

enum class Verdict : std::uint8_t { approved, tolerated, shadow };
std::string_view to_string(Verdict verdict) noexcept;

/// All that a policy entry may speak of, as seen on the wire. Empty or unset where it was not seen.
struct Contact {
    Time time;
    packet::Address client;
    std::optional<packet::Address> server;  ///< unset behind an explicit proxy
    std::uint16_t port = 0;                 ///< of the server; behind a proxy, of the tunnel or URL
    std::string host;                       ///< authority without port
    std::string path;                       ///< raw path, without query
    bool tls = false;
    bool decrypted_mirror = false;  ///< TLS was taken off before us: require_tls counts as met
    std::string server_name;        ///< SNI
    std::vector<std::string> certificate_names;  ///< if seen
    bool via_proxy = false;
};

struct Judgement {
    Verdict verdict = Verdict::shadow;
    std::string entry;    ///< name of the entry that decided; empty where none did
    std::string expired;  ///< name of an entry that would have matched, had it not expired
};

/// A contact that borrows the name of an approved server (category portal-lookalike).
struct Lookalike {
    std::string entry;     ///< whose name it borrows
    std::string approved;  ///< that name
    std::string name;      ///< what was seen
    /// "homograph", "embedded" (inventory/lookalike.h), "contradicted": SNI and Host differ and one
    /// of them is the approved name; "certificate": the certificate does not cover it.
    std::string why;
};

/// What of a contact could be read. Of an opaque one (TLS without keys) there is only the SNI:
/// paths and Host cannot be held against it, and are not.
enum class Seen : std::uint8_t { content, name_only };

class Policy {
public:
    Policy();  ///< none given: everything is shadow
    /// Throws detect::RuleError ("file:line: …", with a suggestion for unknown keys).
    static Policy load(const std::string& file);
    /// The same of a file that was read.
    static Policy read(const detect::YamlNode& file);
    ~Policy();
    Policy(Policy&&) noexcept;
    Policy& operator=(Policy&&) noexcept;

    bool given() const noexcept;
    /// Entries are asked in the order of the file, included lists last; the first that covers the
    /// contact decides.
    Judgement judge(const Contact& contact, Seen seen = Seen::content) const;
    /// Held against the names of `portals:`, not of included lists. Unset for what an entry covers.
    std::optional<Lookalike> lookalike(const Contact& contact) const;
    /// False if the entry of that name denies the tool, or does not allow it; denial goes first.
    bool tool_allowed(std::string_view entry, std::string_view tool) const;
    /// False if the entry of that name says that TLS is not required.
    bool tls_required(std::string_view entry) const;

    /// A hash over the file and all included lists, for events and metrics; empty: none given.
    const std::string& version() const noexcept;
    /// What is in force, for `-T`: one line an entry.
    std::vector<std::string> describe() const;
    std::vector<std::string> warnings()
        const;  ///< e.g. entries that have expired by now are said at load

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::inventory
