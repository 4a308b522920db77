// What the decoder takes for a message must be "perhaps"; the cache must never be believed too
// much.
#include "detect/prefilter.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "detect/rules.h"
#include "mcp/message.h"
#include "mcp/random_message.h"
#include "support/every_cut.h"

using namespace umbratap;
using detect::Prefilter;
namespace fs = std::filesystem;

namespace {

std::string rules() {
    return std::string(std::getenv("UMBRATAP_SOURCE_ROOT")) + "/rules";
}

/// A directory that is gone afterwards.
class Directory {
public:
    Directory() {
        std::string name = (fs::temp_directory_path() / "prefilter-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    std::string path() const { return path_.string(); }
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
    }
    std::vector<fs::path> files() const {
        return {fs::directory_iterator(path_), fs::directory_iterator()};
    }

private:
    fs::path path_;
};

/// What is said of a rule file with this content.
std::string complaint(const std::string& yaml) {
    const Directory directory;
    directory.write("prefilter.yaml", yaml);
    try {
        const Prefilter prefilter(directory.path(), "");
    } catch (const detect::RuleError& error) {
        return std::string(error.what()).substr(directory.path().size() + 1);
    }
    return "none";
}

std::string anchor(const std::string& pattern) {
    return "anchors:\n  - id: a\n    why: because\n    pattern: '" + pattern +
           "'\n    matches: ['x']\n";
}

bool in_pieces(Prefilter::Scanner& scanner, const std::vector<Bytes>& pieces) {
    const auto stream = scanner.open();
    int hits = 0;
    for (const Bytes piece : pieces) hits += scanner.perhaps(*stream, piece) ? 1 : 0;
    CHECK(hits <= 1);
    return hits == 1;
}

bool holds_message(mcp::Decoder& decoder, std::string_view text,
                   std::vector<mcp::Message>& messages) {
    messages.clear();
    decoder.decode(as_bytes(text), false, messages);
    return !messages.empty();
}

}  // namespace

TEST_CASE("prefilter: every anchor finds its examples and spares the others") {
    const Prefilter prefilter(rules(), "");
    const auto complaints = prefilter.check();
    for (const std::string& line : complaints) FAIL_CHECK(line);
    CHECK(complaints.empty());
}

TEST_CASE("prefilter: what the decoder reads as a message is perhaps, however it is written") {
    const Prefilter prefilter(rules(), "");
    Prefilter::Scanner scanner(prefilter);
    mcp::Decoder decoder({}, {}, {});
    test::RandomMessages texts(20260728);
    std::mt19937 random(5);
    std::vector<mcp::Message> messages;
    for (int round = 0; round < 6000; ++round) {
        const auto text = texts.next();
        CAPTURE(round);
        CAPTURE(text.bytes.substr(0, 300));
        REQUIRE(holds_message(decoder, text.bytes, messages));
        REQUIRE(messages[0].method == text.method);
        REQUIRE(scanner.perhaps(as_bytes(text.bytes)));
        if (round % 10 == 0)
            REQUIRE(in_pieces(scanner,
                              test::random_cuts(as_bytes(text.bytes), random, 1 + random() % 40)));
    }
}

TEST_CASE("prefilter: what the decoder still reads of a damaged text is perhaps") {
    const Prefilter prefilter(rules(), "");
    Prefilter::Scanner scanner(prefilter);
    mcp::Decoder decoder({}, {}, {});
    test::RandomMessages texts(4711);
    std::vector<mcp::Message> messages;
    int read = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = texts.next().bytes;
        if (text.size() > 5000) continue;
        for (unsigned times = 1 + texts.below(3); times > 0 && !text.empty(); --times) {
            const std::size_t at = texts.below(static_cast<unsigned>(text.size()));
            switch (texts.below(5)) {
                case 0:
                    text.resize(at);
                    break;
                case 1:
                    text[at] = static_cast<char>(texts.below(256));
                    break;
                case 2:
                    text.erase(at, 1 + texts.below(4));
                    break;
                case 3:
                    text.insert(at, 1, static_cast<char>(texts.below(256)));
                    break;
                default:
                    text.insert(at, text.substr(texts.below(static_cast<unsigned>(text.size())),
                                                texts.below(30)));
            }
        }
        if (!holds_message(decoder, text, messages)) continue;
        ++read;
        CAPTURE(round);
        CAPTURE(text);
        REQUIRE(scanner.perhaps(as_bytes(text)));
        REQUIRE(in_pieces(scanner, {as_bytes(text)}));
    }
    CHECK(read > 1000);
}

TEST_CASE("prefilter: a text in pieces is perhaps if the whole is, and says so once") {
    const Prefilter prefilter(rules(), "");
    Prefilter::Scanner scanner(prefilter);
    for (const std::string& text :
         {std::string(R"({"a":"b","jsonrpc":"2.0"})"), std::string("{\"j\xC5\xBFonrpc\"}"),
          std::string(R"(x\u006ax)"), std::string("{\0\"\0a\0", 6),
          std::string(R"({"a":"json","b":"rpc"})"), std::string("<html>"), std::string()}) {
        CAPTURE(text);
        const auto read = [&](const std::vector<Bytes>& pieces) {
            return std::string(in_pieces(scanner, pieces) ? "perhaps" : "no");
        };
        CHECK(test::differs_when_cut(as_bytes(text), read).empty());
        CHECK(read({as_bytes(text)}) == (scanner.perhaps(as_bytes(text)) ? "perhaps" : "no"));
    }
}

TEST_CASE("prefilter: ordinary texts are spared") {
    const Prefilter prefilter(rules(), "");
    Prefilter::Scanner scanner(prefilter);
    for (const char* text :
         {R"({"user":"j","items":[{"id":1,"method":"GET"}],"html":"\u003cb\u003e"})",
          "<html>json rpc</html>", "",
          R"({"model":"m","messages":[{"role":"user","content":"call tools/call, please"}]})"}) {
        CHECK_FALSE_MESSAGE(scanner.perhaps(as_bytes(std::string_view(text))), text);
    }
}

TEST_CASE("prefilter: complaints about a rule file say where and what") {
    CHECK(complaint(anchor("jsonrpc")) == "none");
    CHECK(complaint(anchor("json(rpc"))
              .starts_with("prefilter.yaml:4: expected a pattern of Hyperscan: "));
    CHECK(complaint(anchor("[a-z]+"))
              .starts_with("prefilter.yaml:4: expected three plain characters"));
    CHECK(complaint(anchor("ab(cd)?")).starts_with("prefilter.yaml:4: expected three"));
    CHECK(complaint(anchor("abc|x")).starts_with("prefilter.yaml:4: expected three"));
    CHECK(complaint(anchor("abc*")).starts_with("prefilter.yaml:4: expected three"));
    CHECK(complaint(anchor("abc?d")).starts_with("prefilter.yaml:4: expected three"));
    CHECK(complaint(anchor("\\d\\d\\d\\w")).starts_with("prefilter.yaml:4: expected three"));
    CHECK(complaint(anchor("\\x00\\x00\\x00")).starts_with("prefilter.yaml:4: expected three"));
    CHECK(complaint(anchor("abc*def+")) == "none");
    CHECK(complaint("anchors: []\n").starts_with("prefilter.yaml:1: expected anchors"));
    CHECK(complaint("anchor:\n").starts_with("prefilter.yaml:1: "));
    CHECK(
        complaint(anchor("jsonrpc") + "    flags: [casless]\n").starts_with("prefilter.yaml:6: "));
    CHECK(complaint("anchors:\n  - id: a\n    pattern: 'jsonrpc'\n    matches: ['x']\n")
              .starts_with("prefilter.yaml:2: "));
}

TEST_CASE("prefilter: databases come from the cache the second time, and find the same") {
    const Directory cache;
    CHECK_FALSE(Prefilter(rules(), cache.path()).was_cached());
    CHECK(cache.files().size() == 2);
    const Prefilter again(rules(), cache.path());
    CHECK(again.was_cached());
    CHECK(again.check().empty());
    CHECK_FALSE(Prefilter(rules(), "").was_cached());
    // Other anchors have other databases.
    const Directory other;
    other.write("prefilter.yaml", anchor("jsonrpc"));
    CHECK_FALSE(Prefilter(other.path(), cache.path()).was_cached());
    CHECK(cache.files().size() == 4);
    CHECK(Prefilter(rules(), cache.path()).was_cached());
}

TEST_CASE("prefilter: a cached file that is cut, changed, or writable by others is not believed") {
    const auto spoil = [](const std::function<void(const fs::path&)>& how) {
        const Directory cache;
        CHECK_FALSE(Prefilter(rules(), cache.path()).was_cached());
        for (const fs::path& file : cache.files()) how(file);
        const Prefilter prefilter(rules(), cache.path());
        CHECK(prefilter.check().empty());
        const bool believed = prefilter.was_cached();
        CHECK(Prefilter(rules(), cache.path()).was_cached());  // written anew
        return believed;
    };
    CHECK(spoil([](const fs::path&) {}));
    CHECK_FALSE(
        spoil([](const fs::path& file) { fs::resize_file(file, fs::file_size(file) - 1); }));
    CHECK_FALSE(spoil([](const fs::path& file) { fs::resize_file(file, 0); }));
    CHECK_FALSE(spoil([](const fs::path& file) {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(200);
        stream.put('\x5A').put('\xA5').put('\x5A');
    }));
    CHECK_FALSE(spoil([](const fs::path& file) { ::chmod(file.c_str(), 0666); }));
}

TEST_CASE("prefilter: a cache that cannot be written is no trouble") {
    const Directory directory;
    directory.write("file", "");
    for (const std::string& cache : {directory.path() + "/none", directory.path() + "/file"}) {
        const Prefilter prefilter(rules(), cache);
        CHECK_FALSE(prefilter.was_cached());
        CHECK(prefilter.check().empty());
    }
}

TEST_CASE("prefilter: seeds of the fuzz targets that hold messages are perhaps") {
    const Prefilter prefilter(rules(), "");
    Prefilter::Scanner scanner(prefilter);
    mcp::Decoder decoder({}, {}, {});
    std::vector<mcp::Message> messages;
    int read = 0;
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(rules()).parent_path() / "tests/fuzz/corpus")) {
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(in)), {});
        if (!holds_message(decoder, text, messages)) continue;
        ++read;
        CHECK_MESSAGE(scanner.perhaps(as_bytes(text)), entry.path().string());
    }
    CHECK(read > 0);
}
