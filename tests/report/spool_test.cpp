#include "report/spool.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "report/sink.h"

using namespace umbratap::report;

namespace {

class Folder {
public:
    Folder() {
        char name[] = "/tmp/umbratap-spool-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::vector<std::string> segments() const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(path)) {
            if (entry.path().extension() == ".spool") all.push_back(entry.path().string());
        }
        std::sort(all.begin(), all.end());
        return all;
    }
    std::string path;
};

std::vector<std::string> take_all(Spool& spool) {
    std::vector<std::string> all;
    SpooledEvent event;
    while (spool.take(event)) all.push_back(event.bytes);
    return all;
}

std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("spool: what is appended is taken in order, whatever its rank") {
    const Folder folder;
    Spool spool(folder.path, 1 << 20);
    for (std::uint64_t i = 0; i < 6; ++i)
        CHECK(spool.append(i % 3, i, "event " + std::to_string(i)).error == 0);
    CHECK(take_all(spool) ==
          Texts{"event 0", "event 1", "event 2", "event 3", "event 4", "event 5"});
    spool.append(1, 6, "later");
    CHECK(take_all(spool) == Texts{"later"});
}

TEST_CASE("spool: what was not acknowledged is there after a restart, and says so") {
    const Folder folder;
    {
        Spool spool(folder.path, 1 << 20);
        for (std::uint64_t i = 0; i < 4; ++i) spool.append(2, i, std::to_string(i));
        SpooledEvent event;
        for (int i = 0; i < 3; ++i) spool.take(event);
        spool.settle(2);
    }
    Spool spool(folder.path, 1 << 20);
    CHECK(spool.next_number() == 4);
    spool.append(0, 4, "4");
    SpooledEvent event;
    REQUIRE(spool.take(event));
    CHECK(event.bytes == "2");
    CHECK(event.redelivered);
    REQUIRE(spool.take(event));
    CHECK(event.bytes == "3");
    CHECK_FALSE(event.redelivered);
    CHECK(take_all(spool) == Texts{"4"});
    CHECK(spool.take_damages() == 0);
}

TEST_CASE("spool: what is acknowledged is removed") {
    const Folder folder;
    {
        Spool spool(folder.path, 1 << 20);
        const std::string text(10'000, 'x');
        for (std::uint64_t i = 0; i < 60; ++i) {
            spool.append(2, i, text);
            SpooledEvent event;
            REQUIRE(spool.take(event));
            spool.settle(i + 1);
        }
        CHECK(folder.segments().size() == 1);
        CHECK(spool.waiting_bytes() == 0);
    }
    Spool spool(folder.path, 1 << 20);
    CHECK(take_all(spool).empty());
    CHECK(spool.next_number() == 60);
}

TEST_CASE("spool: a process that is killed at any byte loses no more than the event it wrote") {
    std::string whole;
    {
        const Folder folder;
        {
            Spool spool(folder.path, 1 << 20);
            for (std::uint64_t i = 0; i < 3; ++i) spool.append(0, i, "event");
        }
        whole = content(folder.segments().at(0));
    }
    const std::size_t record = whole.size() / 3;
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        const Folder folder;
        std::ofstream(folder.path + "/0-00000000000000000000.spool") << whole.substr(0, cut);
        Spool spool(folder.path, 1 << 20);
        spool.append(0, spool.next_number(), "after");
        CHECK(take_all(spool).size() == cut / record + 1);
        CHECK(spool.take_damages() == 0);
    }
}

TEST_CASE("spool: a flipped bit costs one event, and is told") {
    const Folder origin;
    {
        Spool spool(origin.path, 1 << 20);
        for (std::uint64_t i = 0; i < 3; ++i) spool.append(0, i, "event");
    }
    const std::string whole = content(origin.segments().at(0));
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const int bit : {0, 7}) {
            const Folder folder;
            std::string bytes = whole;
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
            std::ofstream(folder.path + "/0-00000000000000000000.spool") << bytes;
            Spool spool(folder.path, 1 << 20);
            CHECK(take_all(spool).size() == 2);
            // The size of the last one looks like an end that was torn off.
            if (at < whole.size() - 25 + 4 || at >= whole.size() - 25 + 8)
                CHECK(spool.take_damages() == 1);
        }
    }
}

TEST_CASE("spool: where there is no room the lowest rank goes, never a higher one for a lower") {
    const Folder folder;
    Spool spool(folder.path, 1 << 20);
    const std::string text(1000, 'x');
    std::uint64_t given_up = 0, number = 0;
    for (int i = 0; i < 3000; ++i) {
        given_up += spool.append(2, number++, text).given_up;
        if (i % 300 == 0) given_up += spool.append(0, number++, "high").given_up;
    }
    const Texts left = take_all(spool);
    CHECK(left.size() + given_up == 3010);
    CHECK(std::count(left.begin(), left.end(), "high") == 10);
    std::uint64_t bytes = 0;
    for (const std::string& segment : folder.segments())
        bytes += std::filesystem::file_size(segment);
    CHECK(bytes <= 1 << 20);
    for (int i = 0; i < 1100; ++i) given_up += spool.append(0, number++, text).given_up;
    CHECK(take_all(spool).size() + left.size() + given_up >= 3010 + 1100);
}

TEST_CASE("spool: a cursor that is torn or junk costs nothing but repetitions") {
    for (const std::string cursor : {"", "junk", "01234567890123456789"}) {
        const Folder folder;
        {
            Spool spool(folder.path, 1 << 20);
            spool.append(2, 0, "event");
            SpooledEvent event;
            spool.take(event);
            spool.settle(1);
        }
        std::ofstream(folder.path + "/cursor") << cursor;
        Spool spool(folder.path, 1 << 20);
        CHECK(take_all(spool) == Texts{"event"});
    }
}

TEST_CASE("spool: a directory has one user at a time") {
    const Folder folder;
    Spool spool(folder.path, 1 << 20);
    CHECK_THROWS_AS(Spool(folder.path, 1 << 20), SinkError);
    CHECK_THROWS_AS(Spool("/proc/nothing", 1 << 20), SinkError);
}
