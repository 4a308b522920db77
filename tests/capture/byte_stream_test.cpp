#include "capture/byte_stream.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <zlib.h>
#include <zstd.h>

#include <thread>

#include "support/every_cut.h"
#include "support/temporary_directory.h"

using namespace umbratap;
using capture::ByteStream;
using Fetched = ByteStream::Fetched;

namespace {

std::string zstd(std::string_view plain) {
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
    return out;
}

std::string gzip(std::string_view plain) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&stream, plain.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<unsigned>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<unsigned>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

/// The stream's content, fetched in steps of `wanted` bytes, and what ended it.
std::string drain(ByteStream& stream, std::size_t wanted) {
    std::string all;
    for (;;) {
        const Fetched fetched = stream.fetch(wanted);
        if (fetched == Fetched::waiting || fetched == Fetched::interrupted) continue;
        const std::size_t count = std::min(wanted, stream.unread().size());
        all += as_text(stream.unread().first(count));
        stream.drop(count);
        if (fetched == Fetched::ended && count < wanted) break;
    }
    return all + "|" + stream.trouble() + (stream.cut_short() ? "|cut" : "");
}

std::string read_file(const std::string& name, std::size_t wanted = 1000) {
    ByteStream stream(Descriptor(open(name.c_str(), O_RDONLY | O_CLOEXEC)));
    return drain(stream, wanted);
}

std::string numbers(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += std::to_string(i) + " ";
    return out;
}

}  // namespace

TEST_CASE("byte stream: plain, gzip and zstd files give the same, in steps of any size") {
    const test::TemporaryDirectory directory;
    const std::string content = numbers(150'000);
    for (const std::string& written : {content, gzip(content), zstd(content)}) {
        const std::string name = directory.write("file", written);
        for (const std::size_t wanted :
             {std::size_t{1000}, std::size_t{65537}, std::size_t{3'000'000}}) {
            CHECK((read_file(name, wanted) == content + "|"));
        }
    }
}

TEST_CASE("byte stream: a pipe that is written in pieces gives the same, however it is cut") {
    const std::string content = gzip(numbers(300));
    CHECK(test::differs_when_cut(
              as_bytes(content),
              [](const std::vector<Bytes>& pieces) {
                  int ends[2];
                  REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
                  std::thread writer([&] {
                      const Descriptor end(ends[1]);
                      for (const Bytes piece : pieces) {
                          if (!piece.empty() && ::write(ends[1], piece.data(), piece.size()) < 0)
                              return;
                      }
                  });
                  ByteStream stream{Descriptor(ends[0])};
                  const std::string all = drain(stream, 7);
                  writer.join();
                  return all;
              },
              1, 10) == "");
}

TEST_CASE("byte stream: compressed data that is cut short gives what is there, and says so") {
    const test::TemporaryDirectory directory;
    const std::string content = numbers(1000);
    for (const std::string& written : {gzip(content), zstd(content)}) {
        const std::string got =
            read_file(directory.write("file", written.substr(0, written.size() - 3)));
        CHECK(got.ends_with("|the compressed data is cut short|cut"));
    }
}

TEST_CASE("byte stream: damaged compressed data, and what follows it, is named") {
    const test::TemporaryDirectory directory;
    std::string damaged = gzip(numbers(100));
    damaged[damaged.size() - 6] ^= 1;
    CHECK(read_file(directory.write("damaged", damaged)) ==
          numbers(100) + "|the compressed data is damaged");
    CHECK(read_file(directory.write("trailing", gzip("content") + "garbage")) ==
          "content|what follows the compressed data is no further part of it");
}

TEST_CASE("byte stream: fewer bytes than a magic number are still given") {
    const test::TemporaryDirectory directory;
    CHECK(read_file(directory.write("short", "\x1f\x8b")) == "\x1f\x8b|");
    CHECK(read_file(directory.write("empty", "")) == "|");
}

TEST_CASE("byte stream: what cannot be read ends with the system's words") {
    ByteStream stream(Descriptor(open("/", O_RDONLY | O_CLOEXEC)));
    CHECK(drain(stream, 10) == "|cannot be read: Is a directory");
}

TEST_CASE("byte stream: silence is told, and nothing is lost by it") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    ByteStream stream{Descriptor(ends[0])};
    const Descriptor writer(ends[1]);
    REQUIRE(::write(ends[1], "12345", 5) == 5);
    CHECK(stream.fetch(8) == Fetched::waiting);
    REQUIRE(::write(ends[1], "678", 3) == 3);
    CHECK(stream.fetch(8) == Fetched::enough);
    CHECK(as_text(stream.unread()) == "12345678");
    CHECK(stream.position() == 8);
}
