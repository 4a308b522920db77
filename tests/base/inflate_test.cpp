#include "base/inflate.h"

#include <doctest/doctest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

#include "base/digest.h"
#include "support/every_cut.h"

using namespace umbratap;

namespace {

using Octets = std::vector<std::uint8_t>;

const std::string text = R"({"jsonrpc":"2.0","method":"tools/list","id":1} )"
                         R"({"jsonrpc":"2.0","method":"tools/call","id":2})";

Octets operator+(Octets a, const Octets& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Octets octets(std::string_view of) {
    return {of.begin(), of.end()};
}

/// 31: gzip; 15: zlib; -15: raw.
Octets deflated(std::string_view plain, int window_bits) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    Octets out(deflateBound(&stream, plain.size()) + 64);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<unsigned>(plain.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<unsigned>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

Octets zstd_frame(std::string_view plain, int window_log = 0) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    if (window_log != 0) {
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    }
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    Octets out(ZSTD_compressBound(plain.size()));
    // In two calls, so that the window is not shrunk to what is known of the size.
    ZSTD_inBuffer in{plain.data(), plain.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    if (window_log != 0) ZSTD_compressStream2(context, &to, &in, ZSTD_e_continue);
    REQUIRE(ZSTD_compressStream2(context, &to, &in, ZSTD_e_end) == 0);
    out.resize(to.pos);
    ZSTD_freeCCtx(context);
    return out;
}

Octets from_hex(std::string_view hex) {
    Octets out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out.push_back(
            static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

/// `text`, and 4 MiB of zeros, as node's zlib writes them.
const Octets brotli_text = from_hex(
    "1b5c00e08dd4624d99ee0432b754d9d70189558b06751a19c5a2031b7014b08ce33aa88e3adc80bd851a92f5cf"
    "7eb7935007dd12cdb6f804e6602b4946bf4814");
const Octets brotli_zeros = from_hex("9bffff3ff82700e2b14020f7fe07");

/// All there is to say about a stream that comes in `pieces`, with at most `out_max` bytes a call.
std::string read_all(Coding coding, const std::vector<Bytes>& pieces,
                     std::size_t out_max = 1 << 20) {
    Inflater inflater(coding);
    Octets out;
    Problem problem;
    bool kept_to_the_rules = true;
    for (Bytes piece : pieces) {
        std::size_t came = 0;
        do {
            const std::size_t before = out.size();
            problem = problem.or_else(inflater.push(piece, out_max, out));
            came = out.size() - before;
            kept_to_the_rules = kept_to_the_rules && came <= out_max;
        } while (came == out_max);
        kept_to_the_rules = kept_to_the_rules && piece.empty();
    }
    CHECK(kept_to_the_rules);
    const std::string end = inflater.broken() ? "|broken" : inflater.ended() ? "|ended" : "|more";
    const std::string plain = out.size() < 300 ? std::string(as_text(out))
                                               : std::to_string(out.size()) + to_hex(sha1(out));
    return plain + end + "|" + std::string(problem.name());
}

std::string differs(Coding coding, const Octets& input, int rounds = 20) {
    return test::differs_when_cut(
        input, [&](const auto& pieces) { return read_all(coding, pieces); }, 1, rounds);
}

std::string whole(Coding coding, const Octets& input) {
    return read_all(coding, {input});
}

struct Sample {
    Coding coding;
    Octets input;
};

std::vector<Sample> samples() {
    return {{Coding::gzip, deflated(text, 31)},     {Coding::deflate, deflated(text, 15)},
            {Coding::deflate, deflated(text, -15)}, {Coding::raw_deflate, deflated(text, -15)},
            {Coding::brotli, brotli_text},          {Coding::zstd, zstd_frame(text)}};
}

}  // namespace

TEST_CASE("inflate: every coding gives the text back, however it is cut") {
    for (const Sample& sample : samples()) {
        CAPTURE(static_cast<int>(sample.coding));
        CHECK(whole(sample.coding, sample.input) == text + "|ended|");
        CHECK(differs(sample.coding, sample.input) == "");
    }
}

TEST_CASE("inflate: one byte of output a call gives the same") {
    for (const Sample& sample : samples()) {
        CAPTURE(static_cast<int>(sample.coding));
        CHECK(read_all(sample.coding, {sample.input}, 1) == text + "|ended|");
    }
}

TEST_CASE("inflate: a stream cut short is no problem and has not ended") {
    for (Sample sample : samples()) {
        CAPTURE(static_cast<int>(sample.coding));
        sample.input.pop_back();
        const std::string got = whole(sample.coding, sample.input);
        CHECK(got.substr(got.find('|')) == "|more|");
    }
}

TEST_CASE("inflate: a broken stream gives what came before the break, however it is cut") {
    std::mt19937 random(7);
    std::string long_text;
    for (int i = 0; i < 400; ++i)
        long_text += std::to_string(random()) + text.substr(random() % 40);
    std::vector<Sample> all = samples();
    all.push_back({Coding::gzip, deflated(long_text, 31)});
    all.push_back({Coding::zstd, zstd_frame(long_text) + zstd_frame(long_text, 10)});
    for (const Sample& sample : all) {
        for (int round = 0; round < 40; ++round) {
            Octets input = sample.input;
            input[random() % input.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
            CAPTURE(static_cast<int>(sample.coding));
            CAPTURE(round);
            CHECK(differs(sample.coding, input, 4) == "");
        }
    }
}

TEST_CASE("inflate: gzip has several members, zstd several frames and some to be skipped") {
    const Octets members = deflated("one,", 31) + deflated("", 31) + deflated("two", 31);
    CHECK(whole(Coding::gzip, members) == "one,two|ended|");
    CHECK(differs(Coding::gzip, members) == "");

    const Octets skipped = from_hex("532a4d1803000000616263");
    const Octets frames =
        skipped + zstd_frame("one,") + zstd_frame("") + skipped + zstd_frame("two");
    CHECK(whole(Coding::zstd, frames) == "one,two|ended|");
    CHECK(differs(Coding::zstd, frames) == "");
}

TEST_CASE("inflate: what follows the end and is no member is told once and swallowed") {
    for (const Sample& sample : samples()) {
        if (sample.coding == Coding::raw_deflate) continue;
        CAPTURE(static_cast<int>(sample.coding));
        const Octets input = sample.input + octets("\x1frest");
        CHECK(whole(sample.coding, input) == text + "|ended|inflate.trailing_bytes");
        CHECK(differs(sample.coding, input) == "");
    }
}

TEST_CASE("inflate: what never was of the coding is broken at once") {
    for (const Coding coding : {Coding::gzip, Coding::deflate, Coding::brotli, Coding::zstd}) {
        CAPTURE(static_cast<int>(coding));
        CHECK(whole(coding, octets("\xff\xff\xff\xff not this")) == "|broken|inflate.broken");
    }
}

TEST_CASE("inflate: after a break it is deaf, and tells it once") {
    Inflater inflater(Coding::gzip);
    Octets out;
    const Octets wrong = octets("plain text"), right = deflated(text, 31);
    Bytes in = wrong;
    CHECK(inflater.push(in, 100, out).name() == "inflate.broken");
    in = right;
    CHECK_FALSE(inflater.push(in, 100, out));
    CHECK(in.empty());
    CHECK(out.empty());
    CHECK_FALSE(inflater.ended());
    inflater.reset();
    in = right;
    CHECK_FALSE(inflater.push(in, 1000, out));
    CHECK(as_text(out) == text);
}

TEST_CASE("inflate: a bomb comes in the portions that the caller allows") {
    const std::string zeros(4 << 20, '\0');
    const std::vector<Sample> bombs = {{Coding::gzip, deflated(zeros, 31)},
                                       {Coding::brotli, brotli_zeros},
                                       {Coding::zstd, zstd_frame(zeros)}};
    for (const Sample& bomb : bombs) {
        CAPTURE(static_cast<int>(bomb.coding));
        Inflater inflater(bomb.coding);
        Bytes in = bomb.input;
        std::size_t total = 0;
        Octets out;
        do {
            out.clear();
            CHECK_FALSE(inflater.push(in, 100'000, out));
            CHECK(out.size() <= 100'000);
            CHECK(out.capacity() <= 400'000);
            total += out.size();
        } while (out.size() == 100'000);
        CHECK(total == zeros.size());
        CHECK(inflater.ended());
    }
}

TEST_CASE(
    "inflate: a zstd window above 8 MiB is refused before memory is taken, unless asked for") {
    const Octets frame = zstd_frame(std::string(100'000, 'x'), 27);
    CHECK(whole(Coding::zstd, frame) == "|broken|inflate.window_too_large");
    CHECK(differs(Coding::zstd, frame) == "");
    Inflater wide(Coding::zstd, 27);
    Octets out;
    Bytes in = frame;
    CHECK_FALSE(wide.push(in, 1 << 20, out));
    CHECK(out.size() == 100'000);
    CHECK(whole(Coding::zstd, zstd_frame("abc", 23)) == "abc|ended|");
}

TEST_CASE("inflate: zstd formats from before the standard are broken") {
    CHECK(whole(Coding::zstd, from_hex("27b52ffd00000000")) == "|broken|inflate.broken");
}

TEST_CASE("inflate: a zlib stream that wants a preset dictionary is broken") {
    CHECK(whole(Coding::deflate, from_hex("78bb0000000000")) == "|broken|inflate.broken");
}

namespace {

/// Two messages of one permessage-deflate connection; the second refers back to the first.
struct Messages {
    Octets first, second;
};

Messages two_messages() {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    Messages messages;
    for (Octets* message : {&messages.first, &messages.second}) {
        message->resize(1000);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream.avail_in = static_cast<unsigned>(text.size());
        stream.next_out = message->data();
        stream.avail_out = 1000;
        REQUIRE(deflate(&stream, Z_SYNC_FLUSH) == Z_OK);
        message->resize(1000 - stream.avail_out);
    }
    deflateEnd(&stream);
    return messages;
}

}  // namespace

TEST_CASE("inflate: raw deflate keeps its window over messages, and reset drops it") {
    const Messages messages = two_messages();
    REQUIRE(messages.second.size() < messages.first.size() / 2);
    CHECK(whole(Coding::raw_deflate, messages.first + messages.second) == text + text + "|more|");
    CHECK(differs(Coding::raw_deflate, messages.first + messages.second) == "");

    Inflater inflater(Coding::raw_deflate);
    Octets out;
    Bytes in = messages.first;
    CHECK_FALSE(inflater.push(in, 1000, out));
    CHECK(as_text(out) == text);
    inflater.reset();
    in = messages.second;
    CHECK(inflater.push(in, 1000, out).name() == "inflate.broken");
}

TEST_CASE("inflate: raw deflate goes on after a final block, with its window") {
    Octets ended = deflated(text, -15);
    const Messages messages = two_messages();
    // RFC 7692, 7.2.3.4: a final block, then an empty stored one; the window stays for the next
    // message.
    const Octets input = ended + from_hex("000000ffff") + messages.second;
    CHECK(whole(Coding::raw_deflate, input) == text + text + "|more|");
    CHECK(differs(Coding::raw_deflate, input) == "");
}
