// Chunks in, chunks out: cuts records, lets them wait for keys, finds the way after a loss.
//
//     push ─ take ─┬ hold                        while keys, or the server's answer, are awaited
//                  └ advance ─┬ next_record      record by record
//                             └ seek_record      after a hole or a broken record
#include "tls/session.h"

#include <algorithm>
#include <cassert>

#include "flow/bounded_time.h"
#include "tls/session_work.h"

namespace umbratap::tls {

using flow::Direction;
using flow::StreamChunk;

namespace {

constexpr std::uint64_t trial_bytes_per_byte = 16;
constexpr int rest_tries_max = 64;

}  // namespace

Session::Work::Work(const SessionLimits& limits_of, Budget& shared, Secrets& known,
                    Workspace& memory)
    : limits(&limits_of),
      budget(&shared),
      secrets(&known),
      workspace(&memory),
      halves{Half(shared, Direction::to_server), Half(shared, Direction::to_client)},
      trial_credit_(limits_of.trial_bytes_max) {}

void Session::Work::begin(const StreamChunk& chunk, Batch<StreamChunk>& out) {
    out_ = &out;
    problem_ = no_problem;
    now_ = chunk;
    std::size_t bytes = chunk.data.size() + (waiting_ ? waiting_->bytes() : 0);
    for (const Half& half : halves) bytes += half.cutter.kept().size();
    if (!workspace->begin(bytes)) {
        report(Problem{"tls.budget_used_up"});
        close_both(Closed::budget);
    }
}

Problem Session::Work::push(const StreamChunk& chunk, Batch<StreamChunk>& out) {
    if (chunk.alternate) return no_problem;
    half(chunk.direction).pushed += chunk.data.size();
    if (both_closed()) return no_problem;
    begin(chunk, out);
    look_for_keys(chunk.time);
    take(chunk);
    return problem_;
}

Problem Session::Work::retry(Time now, Batch<StreamChunk>& out) {
    if (hold_ == Hold::nothing) return no_problem;
    StreamChunk nothing;
    nothing.time = now;
    begin(nothing, out);
    look_for_keys(now);
    return problem_;
}

Problem Session::Work::finish(Time now, Batch<StreamChunk>& out) {
    StreamChunk nothing;
    nothing.time = now;
    begin(nothing, out);
    while (hold_ != Hold::nothing) give_up_waiting();
    for (Half& half : halves) take_end(half);
    return problem_;
}

void Session::Work::take(const StreamChunk& chunk) {
    now_ = chunk;
    Half& half = this->half(chunk.direction);
    if (half.closed == Closed::open && blocked(half)) return hold(chunk, {});
    if (chunk.missing > 0) take_hole(half, chunk.missing);
    if (!chunk.data.empty()) advance(half, chunk.data);
    if (!chunk.end) return;
    StreamChunk end = now_;
    end.data = {};
    end.missing = 0;
    if (half.closed == Closed::open && blocked(half)) return hold(end, {});
    take_end(half);
}

void Session::Work::take_hole(Half& half, std::uint64_t missing) {
    if (half.closed != Closed::open) return;
    const std::size_t kept = half.cutter.kept().size();
    half.gap += kept;
    half.lost_bytes += kept + missing;
    half.lost = true;
    half.cutter.clear();
    half.messages.reset();
    const bool client = half.direction == Direction::to_server;
    if (client && (exchange() == nullptr || !exchange()->has_client()) && !has_opened()) {
        close_both(Closed::gap);
    }
    if (!client) answered_ = true;
}

/// What looked like the header of a record that now never becomes whole was none: the next may lie
/// behind it.
void Session::Work::look_behind_rest(Half& half) {
    for (int tries = 0; tries < rest_tries_max; ++tries) {
        if (half.closed != Closed::open || !half.lost || !half.protection || blocked(half)) return;
        if (half.cutter.kept().empty()) return;
        Buffer kept(*budget);
        half.cutter.move_kept_to(kept, *workspace);
        Bytes data = kept.bytes();
        skip(half, data, 1);
        advance(half, data);
    }
}

void Session::Work::take_end(Half& half) {
    look_behind_rest(half);
    if (half.closed == Closed::open) {
        half.gap += half.cutter.kept().size();  // the rest of the record never came
        half.cutter.clear();
        if (!half.ended && half.lost_bytes > 0 && half.has_opened) {
            tell_missing(half, half.lost_bytes);
        }
    }
    tell_end(half);
}

void Session::Work::advance(Half& half, Bytes data) {
    Buffer gathered(*budget);  // where `data` lies, if a record that was kept is to be read again
    while (half.closed == Closed::open && !blocked(half)) {
        if (!(half.lost ? seek_record(half, data, gathered) : next_record(half, data, gathered))) {
            break;
        }
        if (hold_ == Hold::client && answered_) replay();
    }
    if (half.closed != Closed::open || !blocked(half)) return;
    StreamChunk rest = now_;
    rest.data = data;
    rest.missing = 0;
    rest.end = false;
    Buffer kept(*budget);
    half.cutter.move_kept_to(kept, *workspace);
    hold(rest, kept.bytes());
}

/// False if there is none.
bool Session::Work::next_record(Half& half, Bytes& data, Buffer& gathered) {
    Record record;
    switch (half.cutter.next(data, record, *workspace)) {
        case RecordCutter::Result::needs_more:
            return false;
        case RecordCutter::Result::no_memory:
            report(Problem{"tls.budget_used_up"});
            close(half, Closed::budget);
            return false;
        case RecordCutter::Result::not_a_record:
            if (!half.has_records) {
                take_foreign(half, data);
                return false;
            }
            report(Problem{"tls.bad_record"});
            half.lost = true;
            return true;
        case RecordCutter::Result::record:
            break;
    }
    earn(record.bytes.size());
    if (take_record(half, record)) return true;
    if (!half.cutter.put_back()) {
        data = Bytes(record.bytes.data(), record.bytes.size() + data.size());
    }
    return half.lost ? gather(half, data, gathered) : true;
}

/// What begins a direction is no record: a hello of SSL 2, or no TLS. Five bytes decide.
void Session::Work::take_foreign(Half& half, Bytes data) {
    half.cutter.keep_rest(data.first(std::min(data.size(), record_header_bytes)), *workspace);
    const Bytes start = half.cutter.kept();
    const bool old = can_be_ssl_2(start.first(std::min(start.size(), record_header_bytes)));
    if (!old || start.size() >= record_header_bytes)
        close_both(old ? Closed::unsupported : unseen());
}

/// Joins what is kept and `data`.
bool Session::Work::gather(Half& half, Bytes& data, Buffer& gathered) {
    if (half.cutter.kept().empty()) return true;
    assert(gathered.empty());
    half.cutter.move_kept_to(gathered, *workspace);
    if (!gathered.append(data, SIZE_MAX)) {
        report(Problem{"tls.budget_used_up"});
        close(half, Closed::budget);
        return false;
    }
    data = gathered.bytes();
    return true;
}

/// Any byte may begin the next record; its tag decides. False if there is none yet.
bool Session::Work::seek_record(Half& half, Bytes& data, Buffer& gathered) {
    if (!gather(half, data, gathered)) return false;
    for (;;) {
        std::size_t skipped = 0;
        while (!can_be_record(data.subspan(skipped))) ++skipped;
        skip(half, data, skipped);
        if (data.size() < record_header_bytes ||
            data.size() < record_header_bytes + big_endian_16(&data[3])) {
            break;
        }
        const Record record{data.first(record_header_bytes + big_endian_16(&data[3]))};
        const Trial trial = open_after_loss(half, record);
        if (trial.opened) {
            earn(record.bytes.size());
            data = data.subspan(record.bytes.size());
            take_found(half, record, trial);
            return true;
        }
        if (trial.no_candidates) return need_keys(half, WhyNoKey::no_entry);
        if (trial_credit_ == 0 || (half.protection && !half.protection->stands_alone())) {
            report(Problem{"tls.gap_too_large"});
            close(half, Closed::gap);
            return false;
        }
        skip(half, data, 1);
    }
    if (!half.cutter.keep_rest(data, *workspace)) {
        report(Problem{"tls.budget_used_up"});
        close(half, Closed::budget);
    }
    data = {};
    return false;
}

void Session::Work::skip(Half& half, Bytes& data, std::size_t count) noexcept {
    half.lost_bytes += count;
    half.gap += count;
    earn(count);
    data = data.subspan(count);
}

void Session::Work::earn(std::size_t bytes) noexcept {
    trial_credit_ = std::min<std::uint64_t>(trial_credit_ + bytes * trial_bytes_per_byte,
                                            limits->trial_bytes_max);
}

/// Nothing opens a record of this direction. True if it is closed for that; else all waits.
bool Session::Work::need_keys(Half& half, WhyNoKey why) {
    if (exchange() == nullptr || !exchange()->has_client()) {
        close_both(unseen());
        return true;
    }
    if (why == WhyNoKey::tag_failed) {
        why_ = why;
    } else {
        note_missing_keys(half);
    }
    if (!secrets->more_expected()) {
        close_for_want_of_keys(half);
        return true;
    }
    hold_ = Hold::all;
    blocked_ = half.direction;
    blocked_candidates_ = count_candidates(half);
    blocked_generation_ = secrets->generation();
    return false;
}

/// The client's records wait for the server's answer to its hello. True if there will be no keys
/// for them anyway.
bool Session::Work::await_answer(Half& half) {
    if (exchange() == nullptr) {
        close_both(unseen());
        return true;
    }
    if (secrets->empty() && !secrets->more_expected()) {
        why_ = WhyNoKey::no_entry;
        close(half, for_want_of_keys());
        return true;
    }
    hold_ = Hold::client;
    return false;
}

void Session::Work::close_for_want_of_keys(Half& half) {
    if (secrets->more_expected() && exchange() != nullptr) secrets->note_missed(exchange()->id());
    const bool other_may_open = other(half).has_opened || count_candidates(other(half)) > 0;
    if (other_may_open && why_ != WhyNoKey::tag_failed) {
        close(half, for_want_of_keys());
    } else {
        close_both(for_want_of_keys());
    }
}

Closed Session::Work::for_want_of_keys() const noexcept {
    if (opening && !opening->exchange.has_server() && unseen() == Closed::gap) return Closed::gap;
    return opening && opening->hidden_hello ? Closed::ech : Closed::no_key;
}

void Session::Work::hold(const StreamChunk& chunk, Bytes first) {
    if (!waiting_) waiting_ = std::make_unique<Waiting>(*budget);
    if (waiting_->add(chunk, first, limits->waiting_bytes_max)) return;
    give_up_waiting();
    if (half(chunk.direction).closed != Closed::open) return;
    Buffer joined(*budget);
    if (!joined.append(first, SIZE_MAX) || !joined.append(chunk.data, SIZE_MAX)) {
        report(Problem{"tls.budget_used_up"});
        return close(half(chunk.direction), Closed::budget);
    }
    StreamChunk whole = chunk;
    whole.data = joined.bytes();
    take(whole);
}

/// Reads what waited. What cannot be read still waits again.
void Session::Work::replay() {
    hold_ = Hold::nothing;
    if (!waiting_) return;
    const StreamChunk now = now_;
    const std::unique_ptr<Waiting> waited = std::move(waiting_);
    StreamChunk chunk;
    while (waited->take(chunk)) take(chunk);
    now_ = now;
}

void Session::Work::look_for_keys(Time now) {
    if (hold_ == Hold::all && secrets->generation() != blocked_generation_) {
        blocked_generation_ = secrets->generation();
        if (count_candidates(half(blocked_)) > blocked_candidates_) replay();
    }
    if (hold_ == Hold::nothing || !waiting_) return;
    const Duration waited = flow::bounded(now) - flow::bounded(waiting_->since());
    if (waited > flow::bounded(limits->key_wait_max)) give_up_waiting();
}

void Session::Work::give_up_waiting() {
    if (hold_ == Hold::client) {
        answered_ = true;
    } else {
        close_for_want_of_keys(half(blocked_));
    }
    replay();
}

/// Why nothing is known of a connection whose hello was not seen.
Closed Session::Work::unseen() const noexcept {
    const bool lost = std::any_of(halves.begin(), halves.end(),
                                  [](const Half& half) { return half.lost || half.gap > 0; });
    return lost ? Closed::gap : Closed::midstream;
}

void Session::Work::close(Half& half, Closed reason) {
    if (half.closed != Closed::open) return;
    half.closed = reason;
    half.cutter.clear();
    half.messages.reset();
    half.protection.reset();
    if (half.direction == Direction::to_client) answered_ = true;
    if (half.has_opened && half.lost_bytes > 0) tell_missing(half, half.lost_bytes);
    tell_end(half);
}

void Session::Work::close_both(Closed reason) {
    for (Half& half : halves) close(half, reason);
}

void Session::Work::tell(Half& half, StreamChunk chunk) {
    chunk.time = now_.time;
    chunk.packet_number = now_.packet_number;
    chunk.direction = half.direction;
    chunk.offset = half.offset;
    out_->push_back(chunk);
}

void Session::Work::tell_missing(Half& half, std::uint64_t bytes) {
    StreamChunk chunk;
    chunk.missing = bytes;
    tell(half, chunk);
    half.offset += bytes;
    half.lost_bytes = 0;
}

void Session::Work::tell_end(Half& half) {
    if (std::exchange(half.ended, true) || !has_opened()) return;
    StreamChunk chunk;
    chunk.end = true;
    tell(half, chunk);
}

std::uint64_t& Accounts::of(Closed reason) noexcept {
    switch (reason) {
        case Closed::open:
            return waiting;
        case Closed::no_key:
            return no_key;
        case Closed::ech:
            return ech;
        case Closed::unsupported:
            return unsupported;
        case Closed::midstream:
            return midstream;
        case Closed::gap:
            return gap;
        case Closed::budget:
            break;
    }
    return budget;
}

Session::Session(const SessionLimits& limits, Budget& budget, Secrets& secrets,
                 Workspace& workspace)
    : work_(std::make_unique<Work>(limits, budget, secrets, workspace)) {}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Problem Session::push(const StreamChunk& chunk, Batch<StreamChunk>& out) noexcept {
    return work_->push(chunk, out);
}

Problem Session::retry(Time now, Batch<StreamChunk>& out) noexcept {
    return work_->retry(now, out);
}

Problem Session::finish(Time now, Batch<StreamChunk>& out) noexcept {
    return work_->finish(now, out);
}

Session::State Session::state() const noexcept {
    if (work_->both_closed()) return State::closed;
    if (work_->hold_ == Work::Hold::all) return State::waiting;
    return work_->has_opened() ? State::opened : State::handshaking;
}

Closed Session::closed() const noexcept {
    const auto& halves = work_->halves;
    return halves[0].closed != Closed::open ? halves[0].closed : halves[1].closed;
}

WhyNoKey Session::why_no_key() const noexcept {
    const Closed reason = closed();
    return reason == Closed::no_key || reason == Closed::ech ? work_->why_ : WhyNoKey::none;
}

std::uint32_t Session::labels_missing() const noexcept {
    return work_->labels_missing_;
}

Accounts Session::accounts() const noexcept {
    Accounts accounts;
    for (const Half& half : work_->halves) {
        accounts.opened += half.opened;
        accounts.no_key += half.no_key;
        accounts.gap += half.gap;
        accounts.of(half.closed) += half.pushed - half.opened - half.no_key - half.gap;
    }
    return accounts;
}

const Handshake& Session::handshake() const noexcept {
    static const Handshake none;
    return work_->opening ? work_->opening->handshake : none;
}

void Session::forget_handshake() noexcept {
    work_->handshake_told_ = true;
    if (!work_->opening) return;
    work_->opening->handshake = {};
    const auto settled = [](const Half& half) {
        return half.closed != Closed::open || (half.protection && half.epoch >= Epoch::application);
    };
    if (settled(work_->halves[0]) && settled(work_->halves[1])) work_->opening.reset();
}

}  // namespace umbratap::tls
