// Drives a Connection with a written conversation and writes down what came out, for tests of this
// folder.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "http/connection.h"
#include "support/every_cut.h"

namespace umbratap::test {

/// One thing that happens on the wire.
struct Said {
    flow::Direction direction = flow::Direction::to_server;
    std::string bytes;
    std::uint64_t missing = 0;
    bool end = false;
    bool alternate = false;
};

inline Said client(std::string bytes) {
    return {flow::Direction::to_server, std::move(bytes)};
}
inline Said server(std::string bytes) {
    return {flow::Direction::to_client, std::move(bytes)};
}
inline Said client_hole(std::uint64_t missing) {
    return {flow::Direction::to_server, {}, missing};
}
inline Said server_hole(std::uint64_t missing) {
    return {flow::Direction::to_client, {}, missing};
}

/// Feeds a connection, each `Said` as a packet of its own, and notes one line an item:
///
///     > 1 POST /mcp host=h:80            < 1 200
///     > 1 body {"x":1}                   < 1 event message|{"y":2}
///     = 1 7 9                            end of exchange 1, bytes of both bodies
class Reading {
public:
    explicit Reading(const http::Limits& limits = {}, std::uint64_t memory = 1 << 28)
        : limits_(limits), budget_(memory), connection_(limits_, budget_) {}
    Reading(const Reading&) = delete;

    Reading& say(const Said& said) { return say(said, {as_bytes(said.bytes)}); }
    /// The same packet cut into pieces.
    Reading& say(const Said& said, const std::vector<Bytes>& pieces) {
        ++packet_;
        if (said.missing > 0) push(said, {}, said.missing, false);
        for (const Bytes piece : pieces) push(said, piece, 0, false);
        if (said.end) push(said, {}, 0, true);
        return *this;
    }
    Reading& end() {
        for (const auto direction : {flow::Direction::to_server, flow::Direction::to_client}) {
            ++packet_;
            push({direction, {}}, {}, 0, true);
        }
        return *this;
    }

    /// All items so far, and the first problem.
    std::string seen() {
        flush();
        return seen_;
    }
    std::string problem() const { return std::string(problem_.name()); }
    http::Connection& connection() { return connection_; }
    const http::Unseen& unseen() const { return unseen_; }
    std::uint64_t pushed() const { return pushed_; }
    std::uint64_t unseen_sum() const {
        return unseen_.shunted + unseen_.gap + unseen_.unsupported + unseen_.budget +
               unseen_.midstream;
    }
    std::uint64_t last_tunnel_offset() const { return tunnel_offset_; }
    const std::multiset<http::ExchangeId>& exchanges_ended() const { return ended_; }
    std::multiset<http::ExchangeId> exchanges_begun() const {
        return {begun_.begin(), begun_.end()};
    }
    std::uint64_t memory() const { return budget_.used(); }

private:
    void push(const Said& said, Bytes piece, std::uint64_t missing, bool end) {
        // An exact copy that is gone with the next push, so that AddressSanitizer finds views that
        // live too long.
        const std::vector<std::uint8_t> copy(piece.begin(), piece.end());
        flow::StreamChunk chunk;
        chunk.packet_number = packet_;
        chunk.data = copy;
        chunk.direction = said.direction;
        chunk.offset = offset_[flow::index(said.direction)];
        chunk.missing = missing;
        chunk.end = end;
        chunk.alternate = said.alternate;
        if (!said.alternate) {
            offset_[flow::index(said.direction)] += piece.size() + missing;
            pushed_ += piece.size();
        }
        items_.clear();
        problem_ = problem_.or_else(connection_.push(chunk, items_));
        for (const http::Item& item : items_) std::visit([&](const auto& one) { note(one); }, item);
        const http::Unseen more = connection_.take_unseen();
        unseen_.shunted += more.shunted;
        unseen_.gap += more.gap;
        unseen_.unsupported += more.unsupported;
        unseen_.budget += more.budget;
        unseen_.midstream += more.midstream;
    }

    static std::string mark(flow::Direction direction) {
        return direction == flow::Direction::to_server ? "> " : "< ";
    }

    void note(const http::Head& head) {
        flush();
        begun_.insert(head.exchange);
        seen_ += mark(head.direction) + std::to_string(head.exchange) + " ";
        if (head.is_request) {
            seen_ += head.method + " " + head.target + " host=" + head.authority;
        } else {
            seen_ += std::to_string(head.status);
        }
        if (head.version == http::Version::http_1_0) seen_ += " 1.0";
        if (head.partial) seen_ += " partial";
        seen_ += "\n";
    }
    void note(const http::Text& text) {
        std::string& open = open_[flow::index(text.direction)];
        if (text.first) {
            if (!text.alternate) flush();
            open = mark(text.direction) + std::to_string(text.exchange) + " ";
            switch (text.kind) {
                case http::TextKind::body:
                    open += "body ";
                    break;
                case http::TextKind::event:
                    open += "event " + std::string(text.event_name) + "|";
                    break;
                case http::TextKind::websocket_message:
                    open += "message ";
                    break;
                case http::TextKind::line:
                    open += "line ";
                    break;
            }
        }
        open += as_text(text.data);
        if (text.padded) {
            volatile std::uint8_t sum = 0;
            for (std::size_t i = 0; i < readable_padding; ++i)
                sum = sum + *(text.data.data() + text.data.size() + i);
        }
        if (!text.first && text.last) open += " (in pieces)";
        if (text.damaged) open += " (damaged)";
        if (text.alternate) open += " (alternate)";
        if (text.last) {
            seen_ += open + "\n";
            open.clear();
        }
    }
    void note(const http::ExchangeEnd& end) {
        flush();
        ended_.insert(end.exchange);
        seen_ += "= " + std::to_string(end.exchange) + " " + std::to_string(end.request_bytes) +
                 " " + std::to_string(end.response_bytes) + "\n";
    }
    void note(const http::Tunnelled& inside) {
        std::string& open = tunnel_[flow::index(inside.chunk.direction)];
        if (open.empty())
            open = mark(inside.chunk.direction) + std::to_string(inside.exchange) + " tunnel ";
        open += as_text(inside.chunk.data);
        if (!inside.chunk.data.empty()) tunnel_offset_ = inside.chunk.offset;
        if (inside.chunk.missing > 0)
            open += "(missing " + std::to_string(inside.chunk.missing) + ")";
        if (inside.chunk.end) open += "(end)";
    }
    /// Tunnelled bytes are noted together, however they were cut.
    void flush() {
        for (std::string& open : tunnel_) {
            if (!open.empty()) seen_ += open + "\n";
            open.clear();
        }
    }

    http::Limits limits_;
    Budget budget_;
    http::Connection connection_;
    Batch<http::Item> items_;
    std::string seen_;
    std::string open_[2];
    std::string tunnel_[2];
    Problem problem_;
    http::Unseen unseen_;
    std::uint64_t pushed_ = 0;
    std::uint64_t packet_ = 0;
    std::uint64_t offset_[2] = {0, 0};
    std::uint64_t tunnel_offset_ = 0;
    std::set<http::ExchangeId> begun_;
    std::multiset<http::ExchangeId> ended_;
};

/// What a whole conversation yields. `conversation` is cut as `differs_when_cut` likes.
inline std::string read_conversation(const std::vector<Said>& conversation,
                                     const http::Limits& limits = {}) {
    Reading reading(limits);
    for (const Said& said : conversation) reading.say(said);
    return reading.end().seen();
}

/// Empty if a conversation is read the same, and is accounted for the same, however its packets are
/// cut.
inline std::string conversation_differs_when_cut(const std::vector<Said>& conversation,
                                                 const http::Limits& limits = {}, int rounds = 20) {
    std::string all;
    for (const Said& said : conversation) all += said.bytes;
    return differs_when_cut(
        as_bytes(all),
        [&](const std::vector<Bytes>& pieces) {
            Reading reading(limits);
            std::size_t piece = 0, taken = 0;  // of the pieces
            for (const Said& said : conversation) {
                std::vector<Bytes> mine;
                std::size_t left = said.bytes.size();
                while (left > 0) {
                    const Bytes rest = pieces[piece].subspan(taken);
                    const std::size_t length = std::min(rest.size(), left);
                    mine.push_back(rest.first(length));
                    left -= length;
                    taken += length;
                    if (taken == pieces[piece].size()) ++piece, taken = 0;
                }
                if (said.alternate) mine = {as_bytes(said.bytes)};  // not part of the stream
                reading.say(said, mine);
            }
            reading.end();
            const http::Unseen& unseen = reading.unseen();
            std::string seen = reading.seen() + "problem " + reading.problem() + "\nunseen";
            for (const auto count : {unseen.shunted, unseen.gap, unseen.unsupported, unseen.budget,
                                     unseen.midstream}) {
                seen += " " + std::to_string(count);
            }
            if (reading.unseen_sum() > reading.pushed()) seen += " more than was pushed";
            return seen;
        },
        1, rounds);
}

}  // namespace umbratap::test
