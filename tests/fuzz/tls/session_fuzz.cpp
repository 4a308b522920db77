// Both directions of a connection, and a key log. Whole and cut must give the same; whatever is
// said was authenticated, and every raw byte has one fate.
//
//     piece size 1 | key log: 2+n | chunks: flags 1, then 2+n bytes (or a hole of as many)
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

#include "tls/session.h"

namespace {

using namespace umbratap;
using flow::Direction;

constexpr std::uint8_t flag_to_client = 1, flag_hole = 2, flag_end = 4, flag_retry = 8;

struct Input {
    std::size_t piece_bytes = 1;
    std::string_view key_log;
    bool late = false;  // the key log comes at a chunk that says so
    Bytes chunks;
};

std::optional<Bytes> take_vector(Bytes& in) {
    if (in.size() < 2) return std::nullopt;
    const std::size_t size = std::min<std::size_t>(big_endian_16(in.data()), in.size() - 2);
    const Bytes taken = in.subspan(2, size);
    in = in.subspan(2 + size);
    return taken;
}

struct Listener {
    explicit Listener(const Input& of) : input(of) {
        secrets.expect_more(input.late);
        if (!input.late) secrets.add(input.key_log);
    }

    void push(flow::StreamChunk chunk) {
        pushed += chunk.data.size();
        problem = problem.or_else(session.push(chunk, out));
        drain();
    }
    void drain() {
        for (const flow::StreamChunk& chunk : out) {
            const std::size_t side = flow::index(chunk.direction);
            if (chunk.offset != offset[side] || ended[side]) std::abort();
            offset[side] += chunk.data.size() + chunk.missing;
            ended[side] = chunk.end;
            seen[side] += as_text(chunk.data);
            if (chunk.missing > 0) seen[side] += "[" + std::to_string(chunk.missing) + "]";
            if (chunk.end) seen[side] += "|";
        }
        out.clear();
        const tls::Accounts a = session.accounts();
        if (a.opened + a.waiting + a.no_key + a.ech + a.unsupported + a.midstream + a.gap +
                a.budget !=
            pushed) {
            std::abort();
        }
    }

    const Input& input;
    tls::SessionLimits limits;
    Budget budget{8 << 20};
    tls::Secrets secrets;
    tls::Workspace workspace{budget};
    tls::Session session{limits, budget, secrets, workspace};
    Batch<flow::StreamChunk> out;
    Problem problem;
    std::uint64_t pushed = 0, offset[2] = {};
    bool ended[2] = {};
    std::string seen[2];
};

std::string read(const Input& input, std::size_t piece_bytes) {
    Listener listener(input);
    Bytes rest = input.chunks;
    std::uint64_t number = 0;
    bool ended[2] = {};
    while (!rest.empty()) {
        const std::uint8_t flags = rest.front();
        rest = rest.subspan(1);
        const auto data = take_vector(rest);
        if (!data) break;
        flow::StreamChunk chunk;
        chunk.packet_number = ++number;
        chunk.direction = flags & flag_to_client ? Direction::to_client : Direction::to_server;
        if (ended[flow::index(chunk.direction)]) continue;  // nothing comes behind an end
        if (flags & flag_retry) {
            listener.secrets.add(input.key_log);
            listener.problem = listener.problem.or_else(listener.session.retry({}, listener.out));
            listener.drain();
        }
        if (flags & flag_hole) {
            chunk.missing = data->size();
            listener.push(chunk);
        } else {
            for (std::size_t at = 0; at < data->size(); at += piece_bytes) {
                chunk.data = data->subspan(at, std::min(piece_bytes, data->size() - at));
                listener.push(chunk);
            }
        }
        if (flags & flag_end) {
            chunk.data = {};
            chunk.missing = 0;
            chunk.end = true;
            listener.push(chunk);
            ended[flow::index(chunk.direction)] = true;
        }
    }
    listener.problem = listener.problem.or_else(listener.session.finish({}, listener.out));
    listener.drain();
    const tls::Accounts a = listener.session.accounts();
    if (a.waiting != 0) std::abort();
    return listener.seen[0] + "\n" + listener.seen[1] + "\n" + std::to_string(a.opened) + " " +
           std::to_string(static_cast<int>(listener.session.closed()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    Input input;
    input.piece_bytes = 1U + data[0] % 64;
    input.late = (data[0] & 0x80) != 0;
    input.chunks = Bytes(data + 1, size - 1);
    input.key_log = as_text(*take_vector(input.chunks));
    if (read(input, input.piece_bytes) != read(input, 1 << 16)) std::abort();
    return 0;
}
