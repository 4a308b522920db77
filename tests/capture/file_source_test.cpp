#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "capture/source.h"
#include "captures.h"
#include "support/temporary_directory.h"

using namespace umbratap;
using namespace umbratap::test;
using capture::InputError;
using capture::open_files;

namespace {

std::string small_capture(std::string_view packet, int count = 1) {
    std::string out = pcap_header();
    for (int i = 0; i < count; ++i) out += pcap_record(1, 0, packet);
    return out;
}

/// "NAME#NUMBER CONTENT" of all frames, the name without its directory.
std::string read_all(capture::Source& source) {
    std::string said;
    Batch<capture::Frame> frames;
    while (source.read(frames)) {
        for (const capture::Frame& frame : frames) {
            const std::string& name = frame.origin->name;
            said += name.substr(name.rfind('/') + 1) + "#" + std::to_string(frame.number) + " " +
                    std::string(as_text(frame.data)) + "\n";
        }
        frames.clear();
    }
    return said;
}

std::string read_all(const std::vector<std::string>& inputs) {
    return read_all(*open_files({inputs, {}}));
}

}  // namespace

TEST_CASE("file source: files come in the order given, each with numbers of its own") {
    const TemporaryDirectory directory;
    const std::string b = directory.write("b", small_capture("second", 2));
    const std::string a =
        directory.write("a", section() + interface_block(1) + packet_block(0, 0, "first"));
    CHECK(read_all({b, a, b}) == "b#1 second\nb#2 second\na#1 first\nb#1 second\nb#2 second\n");
}

TEST_CASE(
    "file source: a directory gives its captures in order of name and tells what it skipped") {
    const TemporaryDirectory directory;
    directory.write("2.pcap", small_capture("two"));
    directory.write("10.pcap", small_capture("ten"));
    directory.write("README", "not a capture");
    std::filesystem::create_directory(directory.file("inner"));
    directory.write("inner/3.pcap", small_capture("three"));
    const auto source = open_files({{directory.path()}, {}});
    CHECK(read_all(*source) == "10.pcap#1 ten\n2.pcap#1 two\n");
    const auto notices = source->take_notices();
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].text.starts_with(directory.file("README") + ": is not a capture"));
    CHECK(notices[0].text.ends_with("; skipped"));
}

TEST_CASE("file source: a directory without a capture is refused") {
    const TemporaryDirectory directory;
    CHECK_THROWS_WITH_AS(open_files({{directory.path()}, {}}),
                         doctest::Contains("no capture in this directory; expected"), InputError);
    directory.write("README", "not a capture");
    CHECK_THROWS_WITH_AS(open_files({{directory.path()}, {}}),
                         doctest::Contains("README: is not a capture"), InputError);
    CHECK_THROWS_WITH_AS(open_files({{directory.file("none")}, {}}),
                         doctest::Contains("No such file"), InputError);
}

TEST_CASE("file source: one wrong input among sound ones is refused before anything is read") {
    const TemporaryDirectory directory;
    const std::string sound = directory.write("sound", small_capture("x"));
    const std::string wrong = directory.write("wrong", "no capture at all");
    CHECK_THROWS_AS(open_files({{sound, wrong}, {}}), InputError);
}

TEST_CASE("file source: it counts packets, bytes and progress") {
    const TemporaryDirectory directory;
    const std::string file = directory.write("file", small_capture("12345", 1000));
    const auto source = open_files({{file, file}, {}});
    const std::uint64_t size = std::filesystem::file_size(file);
    CHECK(source->counts().input_total == 2 * size);
    Batch<capture::Frame> frames;
    REQUIRE(source->read(frames));
    CHECK(source->counts().packets == frames.size());
    CHECK(source->counts().input_bytes <= size);
    frames.clear();
    read_all(*source);
    CHECK(source->counts().packets == 2000);
    CHECK(source->counts().bytes == 10'000);
    CHECK(source->counts().filtered == 0);
    CHECK(source->counts().input_bytes == 2 * size);
}

TEST_CASE("file source: what the filter leaves out is counted, and the numbers stay") {
    const TemporaryDirectory directory;
    std::string content = pcap_header();
    for (int i = 0; i < 1000; ++i)
        content += pcap_record(1, 0, i == 700 ? "longer packet" : "short");
    const std::string file = directory.write("file", content);
    const auto source = open_files({{file}, "greater 20"});
    CHECK(read_all(*source) == "file#701 longer packet\n");
    CHECK(source->counts().packets == 1000);
    CHECK(source->counts().filtered == 999);
    CHECK_THROWS_AS(open_files({{file}, "nonsense and"}), std::invalid_argument);
}

TEST_CASE(
    "file source: a file that is gone or spoilt when its turn comes is told, the rest is read") {
    const TemporaryDirectory directory;
    const std::string gone = directory.write("gone", small_capture("x"));
    const std::string next = directory.write("next", small_capture("y"));
    const auto source = open_files({{gone, next}, {}});
    std::filesystem::remove(gone);
    CHECK(read_all(*source) == "next#1 y\n");
    CHECK(source->take_notices().size() == 1);
}

TEST_CASE("file source: a file that becomes shorter while it is read ends there") {
    const TemporaryDirectory directory;
    const std::string file = directory.write("file", small_capture(std::string(5000, 'x'), 400));
    const auto source = open_files({{file}, {}});
    Batch<capture::Frame> frames;
    REQUIRE(source->read(frames));
    std::filesystem::resize_file(file, 1'000'000);
    frames.clear();
    read_all(*source);
    CHECK(source->counts().packets < 400);
    CHECK(source->counts().packets >= 1'000'000 / 5016 - 1);
    const auto notices = source->take_notices();
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].cut_short);
}

TEST_CASE("file source: standard input and a FIFO are read, and their size is not known") {
    const TemporaryDirectory directory;
    const std::string fifo = directory.file("fifo");
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    const std::string content = small_capture("through a pipe", 3);
    std::thread writer([&] { std::ofstream(fifo, std::ios::binary) << content; });
    const auto source = open_files({{fifo}, {}});
    CHECK(read_all(*source) ==
          "fifo#1 through a pipe\nfifo#2 through a pipe\nfifo#3 through a pipe\n");
    writer.join();
    CHECK(source->counts().input_total == 0);
    CHECK(source->counts().input_bytes == content.size());

    const int kept = dup(STDIN_FILENO);
    const int file = open(directory.write("file", small_capture("from a file")).c_str(), O_RDONLY);
    REQUIRE(dup2(file, STDIN_FILENO) == STDIN_FILENO);
    close(file);
    CHECK(read_all({"-"}) == "-#1 from a file\n");
    dup2(kept, STDIN_FILENO);
    close(kept);
}

TEST_CASE("file source: a silent pipe lets the caller go on, with no frames") {
    const TemporaryDirectory directory;
    const std::string fifo = directory.file("fifo");
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    const int writer = open(fifo.c_str(), O_RDWR);
    const std::string content = small_capture("x");
    REQUIRE(write(writer, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    const auto source = open_files({{fifo}, {}});
    Batch<capture::Frame> frames;
    CHECK(source->read(frames));
    CHECK(frames.size() == 1);
    frames.clear();
    CHECK(source->read(frames));
    CHECK(frames.empty());
    close(writer);
    CHECK_FALSE(source->read(frames));
}

TEST_CASE("file source: PCAP-over-IP is read until the server closes") {
    const int listener = socket(AF_INET6, SOCK_STREAM, 0);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0) {
        MESSAGE("skipped: no IPv6 loopback here");
        close(listener);
        return;
    }
    REQUIRE(listen(listener, 1) == 0);
    REQUIRE(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const std::string content = small_capture("over TCP", 2);
    std::thread server([&] {
        const int connection = accept(listener, nullptr, nullptr);
        for (const char byte : content) {
            if (send(connection, &byte, 1, MSG_NOSIGNAL) != 1) break;
        }
        close(connection);
    });
    const std::string input = "tcp://[::1]:" + std::to_string(ntohs(address.sin6_port));
    const auto source = open_files({{input}, {}});
    const std::string name = input.substr(input.rfind('/') + 1);
    CHECK(read_all(*source) == name + "#1 over TCP\n" + name + "#2 over TCP\n");
    server.join();
    close(listener);
}

TEST_CASE("file source: every capture of the cases is read to an end") {
    const char* root = std::getenv("UMBRATAP_SOURCE_ROOT");
    REQUIRE(root != nullptr);
    std::size_t captures = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::string(root) + "/pcaps")) {
        if (!entry.is_regular_file()) continue;
        try {
            const auto source = open_files({{entry.path().string()}, {}});
            Batch<capture::Frame> frames;
            std::uint64_t number = 0, sum = 0;
            while (source->read(frames)) {
                for (const capture::Frame& frame : frames) {
                    number += frame.number > number ? 1 : 0;
                    for (const std::uint8_t byte : frame.data) sum += byte;
                }
                frames.clear();
            }
            CHECK(number == source->counts().packets);
            CHECK(sum <= 255 * source->counts().bytes);
            ++captures;
        } catch (const InputError&) {  // not all files there are captures
        }
    }
    CHECK(captures > 0);
}
