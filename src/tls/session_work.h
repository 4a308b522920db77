// What a session is made of; for session*.cpp only.
//
// session.cpp          chunks in: cuts records, waits for keys, finds the way after a loss
// session_records.cpp  what records and handshake messages say
// session_keys.cpp     which keys may open a record, and whether they do
#pragma once

#include <optional>

#include "tls/cipher.h"
#include "tls/exchange.h"
#include "tls/handshake.h"
#include "tls/record.h"
#include "tls/session.h"
#include "tls/waiting.h"

namespace umbratap::tls {

/// Under which kind of keys a direction is.
enum class Epoch : std::uint8_t {
    clear,
    early,        ///< TLS 1.3: 0-RTT data of the client
    handshake,    ///< TLS 1.3
    application,  ///< TLS 1.3
    legacy,       ///< TLS 1.2 and before: behind ChangeCipherSpec
};

/// Epochs that may come next, in their order.
struct Epochs {
    std::array<Epoch, 3> list{};
    std::uint8_t count = 0;
    void add(Epoch epoch) noexcept { list[count++] = epoch; }
    const Epoch* begin() const noexcept { return list.data(); }
    const Epoch* end() const noexcept { return list.data() + count; }
};

/// One direction.
struct Half {
    Half(Budget& budget, flow::Direction of) noexcept : cutter(budget), direction(of) {}

    RecordCutter cutter;
    std::unique_ptr<MessageReader> messages;  // while one is not whole
    std::optional<Protection> protection;     // nothing where the next keys are to be found yet
    Secret secret;                            // TLS 1.3: of the epoch
    std::uint64_t sequence = 0;               // of the next record under `protection`
    std::uint64_t offset = 0;                 // of the next byte of plaintext
    std::uint64_t lost_bytes = 0;             // since the last record that was understood
    // Raw bytes that came, and those of them whose fate is known. The rest waits, or has the fate
    // that `closed` says.
    std::uint64_t pushed = 0, opened = 0, no_key = 0, gap = 0;
    std::uint32_t key_changes = 0;
    flow::Direction direction;
    Epoch epoch = Epoch::clear;
    Closed closed = Closed::open;
    bool lost = false;         // seeking the next record
    bool has_records = false;  // something that is TLS was seen
    bool has_opened = false;   // a record was opened
    bool ended = false;        // and told
};

/// While the handshake goes on, and until it was told.
struct Opening {
    explicit Opening(Budget& budget) noexcept : exchange(budget) {}
    Exchange exchange;
    Handshake handshake;
    bool hidden_hello = false;    // the client may have encrypted its true hello
    bool full_handshake = false;  // TLS 1.2 and before: the server said so
};

/// What trying keys on one record came to.
struct Trial {
    std::optional<Protection::Opened> opened;
    std::uint64_t records_lost = 0;  // before this one, under the same keys
    bool new_keys = false;
    bool no_candidates = true;
    bool handshake_key_missing = false;  // TLS 1.3: while later keys are known
};

struct Session::Work {
    Work(const SessionLimits&, Budget&, Secrets&, Workspace&);

    // session.cpp
    Problem push(const flow::StreamChunk& chunk, Batch<flow::StreamChunk>& out);
    Problem retry(Time now, Batch<flow::StreamChunk>& out);
    Problem finish(Time now, Batch<flow::StreamChunk>& out);
    void begin(const flow::StreamChunk& chunk, Batch<flow::StreamChunk>& out);
    void take(const flow::StreamChunk& chunk);
    void take_hole(Half& half, std::uint64_t missing);
    void look_behind_rest(Half& half);
    void take_end(Half& half);
    void advance(Half& half, Bytes data);
    bool next_record(Half& half, Bytes& data, Buffer& gathered);
    void take_foreign(Half& half, Bytes data);
    bool gather(Half& half, Bytes& data, Buffer& gathered);
    bool seek_record(Half& half, Bytes& data, Buffer& gathered);
    void skip(Half& half, Bytes& data, std::size_t count) noexcept;
    void earn(std::size_t bytes) noexcept;
    bool need_keys(Half& half, WhyNoKey why);
    bool await_answer(Half& half);
    void close_for_want_of_keys(Half& half);
    Closed for_want_of_keys() const noexcept;
    void hold(const flow::StreamChunk& chunk, Bytes first);
    void replay();
    void look_for_keys(Time now);
    void give_up_waiting();
    Closed unseen() const noexcept;
    void close(Half& half, Closed reason);
    void close_both(Closed reason);
    void report(Problem problem) noexcept { problem_ = problem_.or_else(problem); }
    void tell(Half& half, flow::StreamChunk chunk);
    void tell_missing(Half& half, std::uint64_t bytes);
    void tell_end(Half& half);

    // session_records.cpp. False: the record is to be read again, when `hold_` or `lost` allow.
    bool take_record(Half& half, const Record& record);
    bool take_protected(Half& half, const Record& record);
    bool take_unopened(Half& half, const Record& record, const Trial& trial);
    void take_found(Half& half, const Record& record, const Trial& trial);
    static std::uint64_t lost_inside(const Half& half, const Trial& trial) noexcept;
    void take_content(Half& half, std::uint8_t type, Bytes content);
    void take_handshake(Half& half, Bytes fragment);
    void take_message(Half& half, const Message& message);
    void take_server_message(const Half& half, const Message& message);
    void take_client_hello(Half& half, const Message& message);
    void take_server_hello(const Message& message);
    void take_encrypted_extensions(Bytes body);
    void take_certificate(Bytes body);
    void take_change_cipher_spec(Half& half);
    void update_key(Half& half);
    bool may_change_keys(Half& half);

    // session_keys.cpp
    Trial open(Half& half, const Record& record);
    Trial open_after_loss(Half& half, const Record& record);
    void open_with_next(Half& half, const Record& record, std::uint64_t last_sequence,
                        Trial& trial);
    template <class Try>
    std::size_t try_candidates(const Half& half, Epoch epoch, Try try_keys);
    bool try_keys(Half& half, const Record& record, const Suite& suite, const TrafficKeys& keys,
                  std::uint64_t last_sequence, Trial& trial);
    Epochs next_epochs(const Half& half) const noexcept;
    std::size_t count_candidates(const Half& half) const;
    void note_missing_keys(const Half& half);
    bool spend(std::size_t bytes) noexcept;

    Half& half(flow::Direction direction) noexcept { return halves[flow::index(direction)]; }
    Half& other(const Half& half) noexcept { return halves[1 - flow::index(half.direction)]; }
    bool has_opened() const noexcept { return halves[0].has_opened || halves[1].has_opened; }
    bool blocked(const Half& half) const noexcept {
        return hold_ == Hold::all ||
               (hold_ == Hold::client && half.direction == flow::Direction::to_server);
    }
    /// The client's records cannot be understood before the server's answer to its hello.
    bool lacks_answer(const Half& half) const noexcept {
        return half.direction == flow::Direction::to_server && !half.protection && !answered_;
    }
    bool both_closed() const noexcept {
        return halves[0].closed != Closed::open && halves[1].closed != Closed::open;
    }
    Exchange* exchange() noexcept { return opening ? &opening->exchange : nullptr; }
    const Exchange* exchange() const noexcept { return opening ? &opening->exchange : nullptr; }

    const SessionLimits* limits;
    Budget* budget;
    Secrets* secrets;
    Workspace* workspace;
    std::array<Half, 2> halves;
    std::unique_ptr<Opening> opening;
    Suite suite;  // TLS 1.3: for key updates, when the handshake is forgotten

    enum class Hold : std::uint8_t {
        nothing,
        client,  // the client's direction, until the server has answered its hello
        all,     // both directions, until there are keys
    };
    Hold hold_ = Hold::nothing;
    bool answered_ = false;             // the server's answer is known as far as it ever will be
    std::unique_ptr<Waiting> waiting_;  // perhaps, while `hold_`
    flow::Direction blocked_ = flow::Direction::to_server;  // which half needs keys,
    std::size_t blocked_candidates_ = 0;                    // how many were there to be tried,
    std::uint64_t blocked_generation_ = 0;                  // and when
    WhyNoKey why_ = WhyNoKey::none;
    std::uint32_t labels_missing_ = 0;
    bool handshake_told_ = false;
    std::uint64_t trial_credit_;

    // Of the push that goes on.
    flow::StreamChunk now_;
    Batch<flow::StreamChunk>* out_ = nullptr;
    Problem problem_;
};

}  // namespace umbratap::tls
