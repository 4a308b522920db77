// Takes TLS off a connection that is overheard: SSL 3 to TLS 1.3, with secrets that others gave.
//
// Whoever only listens has no part in the handshake: it reads the hellos, looks for secrets under
// the client's random (or what else names them), and tries them; the tag or MAC of a record decides
// which is right, and nothing leaves that was not authenticated.
//
// Keys may come late: what needs them waits, under limits. After a hole, or after a record that is
// broken, the next header is sought, and the number of its record is found by trying, under a limit
// of work; from there it goes on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "base/time.h"
#include "flow/stream_chunk.h"
#include "tls/hello.h"
#include "tls/secrets.h"
#include "tls/workspace.h"

namespace umbratap::tls {

struct SessionLimits {
    std::uint32_t waiting_bytes_max = 64 * 1024;      ///< per direction: bytes that wait for keys
    Duration key_wait_max = std::chrono::seconds(2);  ///< packet time that they wait
    std::uint32_t handshake_message_bytes_max = 64 * 1024;
    std::uint32_t key_changes_max = 4096;  ///< per direction: key updates and renegotiations
    /// Bytes deciphered in vain, to find the number of a record. Each byte that comes gives back
    /// 16 of them.
    std::uint32_t trial_bytes_max = 8 * 1024 * 1024;
};

/// Why a connection, or one direction of it, stays closed to us.
enum class Closed : std::uint8_t {
    open,         ///< it does not
    no_key,       ///< see WhyNoKey
    ech,          ///< the same, and the client may have hidden its true hello
    unsupported,  ///< version or suite
    midstream,    ///< the handshake was not seen
    gap,          ///< bytes were lost or broken, and it could not be taken up again
    budget,       ///< no memory, or a limit on work
};

enum class WhyNoKey : std::uint8_t {
    none,
    no_entry,         ///< no key log line names this connection
    labels_missing,   ///< some do, but not those that were needed: `labels_missing`
    tag_failed,       ///< there were secrets, and none opened a record
    no_server_hello,  ///< what the server chose was not seen
};

/// What both sides said of themselves. Filled as it becomes known.
struct Handshake {
    Hello client;
    std::uint16_t version = 0;  ///< chosen by the server; 0: no ServerHello yet
    std::uint16_t cipher_suite = 0;
    std::string protocol;  ///< ALPN, as chosen; of TLS 1.3 with keys only
    std::string ja3s;      ///< fingerprint of the server
    std::string certificate_subject, certificate_issuer;  ///< see Certificate; of TLS 1.3 with keys
    std::vector<std::string> certificate_names;           ///< only, and never where resumed
    bool has_client = false, has_server = false, has_certificate = false;
    bool resumed = false;
    bool early_data = false;  ///< 0-RTT was offered
};

/// Raw bytes that were pushed (data, no alternates), by what became of them. They add up to all.
struct Accounts {
    std::uint64_t opened = 0;  ///< understood: the handshake, records opened, signals between
    std::uint64_t waiting =
        0;  ///< for the rest of a record, or for keys; becomes one of the others
    std::uint64_t no_key = 0, ech = 0, unsupported = 0, midstream = 0, gap = 0, budget = 0;

    std::uint64_t& of(Closed reason) noexcept;
};

class Session {
public:
    /// All of them must outlive it. Sessions of one worker share the workspace.
    Session(const SessionLimits& limits, Budget& budget, Secrets& secrets, Workspace& workspace);
    Session(const SessionLimits&&, Budget&, Secrets&, Workspace&) = delete;
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Takes the next bytes, hole or end of either direction. Appends the stream inside: chunks
    /// whose offsets count plaintext, with the time and packet of the chunk that completed the
    /// record; their data lives until the next push to a session of this workspace. A direction
    /// that cannot be opened further ends.
    ///
    /// A hole is as long as what was lost inside: exact for AEAD without padding and with
    /// application data only; else an upper bound. (How much is in a record is known by its length;
    /// how many were lost by the number of the next.)
    ///
    /// tls.bad_record, tls.bad_record_mac: seeks the next. tls.gap_too_large: gave up seeking.
    /// tls.too_many_key_changes, tls.budget_used_up, tls.message_too_long; those of ClientHello,
    /// ServerHello, EncryptedExtensions and Certificate.
    Problem push(const flow::StreamChunk& chunk, Batch<flow::StreamChunk>& out) noexcept;
    /// Keys may have come, or time has passed: tries again what waits, or gives it up.
    Problem retry(Time now, Batch<flow::StreamChunk>& out) noexcept;
    /// Nothing more will come, no keys either: gives up what waits, and ends both directions.
    Problem finish(Time now, Batch<flow::StreamChunk>& out) noexcept;

    enum class State : std::uint8_t {
        handshaking,
        waiting,  ///< for keys: retry() when some have come, and after key_wait_max
        opened,   ///< records of at least one direction were opened, and may be further
        closed,   ///< nothing will be opened any more
    };
    State state() const noexcept;
    /// Why it is closed, or else a direction of it.
    Closed closed() const noexcept;
    WhyNoKey why_no_key() const noexcept;
    /// Bit n stands for Label n: what was sought and not found.
    std::uint32_t labels_missing() const noexcept;
    Accounts accounts() const noexcept;
    /// Empty after forget_handshake().
    const Handshake& handshake() const noexcept;
    /// Gives its memory back once it is no longer needed for keys: an idle session is small then.
    void forget_handshake() noexcept;

private:
    struct Work;
    std::unique_ptr<Work> work_;
};

}  // namespace umbratap::tls
