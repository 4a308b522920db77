// What taking TLS off costs beyond the cipher: sessions over the connections of a capture, against
// bare AES-GCM of OpenSSL over the same records, in one run.
//
// In the program each segment is in the cache when a session gets it, since its checksum was
// verified. So it is read here too before it is pushed; what reading alone takes is taken off.
//
// usage: bench_tls_session CAPTURE KEYLOG [ROUNDS]      TLS 1.3 with AES-128-GCM only
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "tls/capture_player.h"
#include "tls/key_schedule.h"
#include "tls/record.h"
#include "tls/session.h"

namespace {

using namespace umbratap;
using namespace umbratap::tls;
using Clock = std::chrono::steady_clock;

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

/// One direction of a connection as a bare cipher sees it.
struct Bare {
    Context context;
    std::array<std::uint8_t, 16> iv{};
    std::vector<std::uint8_t> bytes;   // all of them
    std::vector<std::size_t> records;  // where those with application data begin
};

bool open(const Bare& bare, std::uint64_t sequence, Bytes record, std::uint8_t* out) {
    std::array<std::uint8_t, 12> nonce;
    std::copy_n(bare.iv.begin(), 12, nonce.begin());
    for (int i = 0; i < 8; ++i) {
        nonce[static_cast<std::size_t>(11 - i)] ^= static_cast<std::uint8_t>(sequence >> 8 * i);
    }
    EVP_CIPHER_CTX* const context = bare.context.get();
    auto* tag = const_cast<std::uint8_t*>(record.data() + record.size() - 16);
    int written = 0;
    return EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1 &&
           EVP_DecryptUpdate(context, nullptr, &written, record.data(), 5) == 1 &&
           EVP_DecryptUpdate(context, out, &written, record.data() + 5,
                             static_cast<int>(record.size()) - 21) == 1 &&
           EVP_DecryptFinal_ex(context, out + written, &written) == 1;
}

Bytes record_at(const Bare& bare, std::size_t at) {
    return Bytes(bare.bytes).subspan(at, 5U + big_endian_16(&bare.bytes[at + 3]));
}

/// Finds the records that the first application key opens.
void find_records(Bare& bare, std::uint8_t* out) {
    std::size_t at = 0;
    while (at + 5 <= bare.bytes.size()) {
        if (at + 5 + big_endian_16(&bare.bytes[at + 3]) > bare.bytes.size()) return;
        const Bytes record = record_at(bare, at);
        if (record[0] == 23 && open(bare, bare.records.size(), record, out)) {
            bare.records.push_back(at);
        }
        at += record.size();
    }
}

std::vector<Bare> bare_directions(const tls::test::Played& played, const Secrets& secrets,
                                  std::uint8_t* out) {
    std::vector<Bare> all;
    const Suite suite = find_suite(0x1301);
    for (const tls::test::Connection& connection : played.connections) {
        Bare sides[2];
        for (const tls::test::OwnedChunk& owned : connection) {
            auto& bytes = sides[flow::index(owned.chunk.direction)].bytes;
            bytes.insert(bytes.end(), owned.bytes.begin(), owned.bytes.end());
        }
        if (sides[0].bytes.size() < 43) continue;
        const auto id = SecretId::of(Bytes(sides[0].bytes).subspan(11, 32));
        for (const std::size_t side : {0, 1}) {
            const auto found =
                secrets.find(side == 0 ? Label::client_traffic_0 : Label::server_traffic_0, id);
            if (found.count == 0) continue;
            const auto keys = traffic_keys(suite, *found.secrets[0]);
            Bare& bare = sides[side];
            bare.context.reset(EVP_CIPHER_CTX_new());
            EVP_DecryptInit_ex2(bare.context.get(), EVP_aes_128_gcm(), keys->key.data(), nullptr,
                                nullptr);
            bare.iv = keys->iv;
            find_records(bare, out);
            all.push_back(std::move(bare));
        }
    }
    return all;
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double time_bare(const std::vector<Bare>& directions, std::uint8_t* out) {
    const auto start = Clock::now();
    for (const Bare& bare : directions) {
        for (std::size_t i = 0; i < bare.records.size(); ++i) {
            if (!open(bare, i, record_at(bare, bare.records[i]), out)) std::abort();
        }
    }
    return seconds_since(start);
}

std::uint64_t sum_of(Bytes bytes) {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) sum += big_endian_64(&bytes[at]);
    return sum;
}

double time_reading(const tls::test::Played& played, std::uint64_t& sum) {
    const auto start = Clock::now();
    for (const tls::test::Connection& connection : played.connections) {
        for (const tls::test::OwnedChunk& owned : connection) sum += sum_of(owned.bytes);
    }
    return seconds_since(start);
}

double time_sessions(const tls::test::Played& played, Secrets& secrets, std::uint64_t& plaintext,
                     std::uint64_t& sum) {
    Budget budget(1 << 30);
    Workspace workspace(budget);
    const SessionLimits limits;
    Batch<flow::StreamChunk> out;
    plaintext = 0;
    const auto start = Clock::now();
    for (const tls::test::Connection& connection : played.connections) {
        Session session(limits, budget, secrets, workspace);
        for (const tls::test::OwnedChunk& owned : connection) {
            out.clear();
            sum += sum_of(owned.bytes);
            session.push(owned.view(), out);
            for (const flow::StreamChunk& chunk : out) plaintext += chunk.data.size();
        }
    }
    return seconds_since(start);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s CAPTURE KEYLOG [ROUNDS]\n", argv[0]);
        return 2;
    }
    const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
    std::ifstream file(argv[2], std::ios::binary);
    const std::string key_log((std::istreambuf_iterator<char>(file)), {});
    const tls::test::Played played = tls::test::play(argv[1]);
    Secrets secrets;
    secrets.add(key_log);
    secrets.add(played.secrets);
    std::vector<std::uint8_t> out(32 * 1024);
    const std::vector<Bare> directions = bare_directions(played, secrets, out.data());
    std::uint64_t records = 0, bytes = 0, plaintext = 0;
    for (const Bare& bare : directions) {
        records += bare.records.size();
        for (const std::size_t at : bare.records) bytes += record_at(bare, at).size();
    }
    double bare = 1e9, reading = 1e9, sessions = 1e9;
    std::uint64_t sum = 0;
    for (int round = 0; round < rounds; ++round) {
        bare = std::min(bare, time_bare(directions, out.data()));
        reading = std::min(reading, time_reading(played, sum));
        sessions = std::min(sessions, time_sessions(played, secrets, plaintext, sum));
    }
    std::printf(
        "%zu connections, %llu records of %.0f bytes, %llu bytes of plaintext\n",
        played.connections.size(), static_cast<unsigned long long>(records),
        static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(records, 1)),
        static_cast<unsigned long long>(plaintext));
    std::printf("bare AES-GCM %.4f s, reading %.4f s, sessions with reading %.4f s (sum %llx)\n",
                bare, reading, sessions, static_cast<unsigned long long>(sum));
    std::printf("sessions take %.2f times as long as the cipher\n", (sessions - reading) / bare);
    return 0;
}
