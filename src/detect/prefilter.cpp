// A few literals, searched for at the speed of memory, decide what is worth parsing.
//
// The anchors are data (rules/prefilter.yaml). One Hyperscan database in block mode serves whole
// texts, one in streaming mode texts that are longer than what is parsed; both stop at the first
// hit. Texts in UTF-16 or UTF-32 are told by their first bytes, with the decoder's own eyes.
//
// Compiling takes some ten milliseconds, so the databases are kept in a cache. Hyperscan trusts
// what it deserializes, hence a cached file must be ours alone, whole by its SHA-256, and made by
// this very version for this very kind of CPU; otherwise the anchors are compiled again:
//
//     "umbratap-hs-1\n" | SHA-256 of the rest, 32 bytes | serialized database
//     in a file whose name is a hash over version, CPU, mode and anchors
#include "detect/prefilter.h"

#include <fcntl.h>
#include <hs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/digest.h"
#include "detect/rules.h"
#include "detect/yaml.h"
#include "mcp/encoding.h"

namespace umbratap::detect {

namespace {

constexpr std::size_t pattern_bytes_max = 1000;
constexpr std::size_t anchors_max = 32;
constexpr std::size_t literal_bytes_min = 3;
constexpr std::size_t cached_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t scan_bytes_max = std::size_t{1} << 30;  // of one call
constexpr std::string_view cache_magic = "umbratap-hs-1\n";

struct Anchor {
    std::string id, pattern;
    unsigned flags = 0;
    int line = 0;
    std::vector<std::string> matches, spares;
};

struct FreeDatabase {
    void operator()(hs_database_t* database) const noexcept { hs_free_database(database); }
};
using Database = std::unique_ptr<hs_database_t, FreeDatabase>;

class File {
public:
    explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

/// The longest run of plain characters outside of groups and classes, which every match has to
/// hold. Alternatives at the top level leave none.
std::size_t longest_literal(std::string_view pattern) noexcept {
    std::size_t longest = 0, run = 0;
    int depth = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        const bool last_is_optional = c == '?' || c == '*' || c == '{';
        if (last_is_optional && run > 0) --run;
        if (c == '\\' && i + 1 < pattern.size()) {
            const char next = pattern[++i];
            const bool plain = (next >= '!' && next <= '/') || next == '\\' || next == '[' ||
                               next == ']' || next == '{' || next == '}' || next == '|' ||
                               next == '?';
            if (plain && depth == 0) {
                ++run;
                longest = std::max(longest, run);
                continue;
            }
        } else if (c == '[') {
            const std::size_t close = pattern.find(']', i + 2);
            i = close == std::string_view::npos ? pattern.size() : close;
        } else if (c == '(') {
            ++depth;
        } else if (c == ')') {
            --depth;
        } else if (c == '|') {
            if (depth == 0) return 0;
        } else if (std::strchr(".^$?*+{", c) == nullptr && depth == 0) {
            ++run;
            longest = std::max(longest, run);
            // A quantifier behind it may take it away again.
            const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
            if ((next == '?' || next == '*' || next == '{') && run == longest) --longest;
            continue;
        } else if (c == '{') {
            const std::size_t close = pattern.find('}', i);
            i = close == std::string_view::npos ? pattern.size() : close;
        }
        run = 0;
    }
    return longest;
}

unsigned flags_of(const YamlNode& anchor) {
    unsigned flags = HS_FLAG_SINGLEMATCH;
    const auto words = anchor.find("flags");
    if (!words) return flags;
    for (const YamlNode& word : words->elements()) {
        constexpr std::array<unsigned, 3> meanings{HS_FLAG_CASELESS, HS_FLAG_DOTALL,
                                                   HS_FLAG_MULTILINE};
        flags |= meanings[word.one_of({"caseless", "dotall", "multiline"})];
    }
    return flags;
}

std::vector<Anchor> read_anchors(const std::string& path) {
    const YamlNode file = YamlNode::load(path);
    file.allow_only({"anchors"});
    std::vector<Anchor> anchors;
    for (const YamlNode& entry : file.at("anchors").elements()) {
        entry.allow_only({"id", "why", "pattern", "flags", "matches", "spares"});
        const YamlNode pattern = entry.at("pattern");
        Anchor anchor{entry.at("id").text(),
                      pattern.text(),
                      flags_of(entry),
                      pattern.line(),
                      entry.at("matches").texts(),
                      {}};
        if (const auto spares = entry.find("spares")) anchor.spares = spares->texts();
        entry.at("why").text("why this anchor is needed");
        if (anchor.pattern.size() > pattern_bytes_max) pattern.fail("expected at most 1,000 bytes");
        if (anchor.pattern.find('\0') != std::string::npos) pattern.fail("a NUL byte, write \\x00");
        if (longest_literal(anchor.pattern) < literal_bytes_min) {
            pattern.fail(
                "expected three plain characters in a row that every match holds; without them "
                "every byte "
                "of traffic is looked at one by one");
        }
        anchors.push_back(std::move(anchor));
    }
    if (anchors.empty()) file.at("anchors").fail("expected anchors");
    if (anchors.size() > anchors_max) file.at("anchors").fail("expected at most 32 anchors");
    return anchors;
}

Database compile(const std::string& path, const std::vector<Anchor>& anchors, unsigned mode) {
    std::vector<const char*> patterns;
    std::vector<unsigned> flags, ids;
    for (const Anchor& anchor : anchors) {
        patterns.push_back(anchor.pattern.c_str());
        flags.push_back(anchor.flags);
        ids.push_back(static_cast<unsigned>(ids.size()));
    }
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_compile_multi(patterns.data(), flags.data(), ids.data(),
                         static_cast<unsigned>(anchors.size()), mode, nullptr, &database,
                         &error) == HS_SUCCESS) {
        return Database(database);
    }
    const std::string complaint = error != nullptr ? error->message : "out of memory";
    const int which = error != nullptr ? error->expression : -1;
    hs_free_compile_error(error);
    const int line = which >= 0 ? anchors[static_cast<std::size_t>(which)].line : 1;
    throw RuleError(path + ":" + std::to_string(line) +
                    ": expected a pattern of Hyperscan: " + complaint);
}

/// A name for what was made of these anchors, in this mode, by this library, for this CPU.
std::string cache_name(const std::vector<Anchor>& anchors, unsigned mode) {
    hs_platform_info_t platform{};
    if (hs_populate_platform(&platform) != HS_SUCCESS) return {};
    std::string made_of = std::string(hs_version()) + '\0' + std::to_string(platform.tune) + ' ' +
                          std::to_string(platform.cpu_features) + ' ' + std::to_string(mode) + '\0';
    for (const Anchor& anchor : anchors)
        made_of += std::to_string(anchor.flags) + ' ' + anchor.pattern + '\0';
    return "prefilter-" + to_hex(sha256(as_bytes(made_of))) + ".hs";
}

/// Empty if anything about the file is doubtful.
std::string read_cached(const std::string& path) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return {};
    const bool ours = S_ISREG(status.st_mode) &&
                      (status.st_uid == ::geteuid() || status.st_uid == 0) &&
                      (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    const auto size = static_cast<std::size_t>(status.st_size);
    const std::size_t head = cache_magic.size() + 32;
    if (!ours || size <= head || size > cached_bytes_max) return {};
    std::string content(size, '\0');
    std::size_t got = 0;
    while (got < size) {
        const ssize_t more = ::read(file.get(), content.data() + got, size - got);
        if (more <= 0) return {};
        got += static_cast<std::size_t>(more);
    }
    if (!content.starts_with(cache_magic)) return {};
    const auto digest = sha256(as_bytes(content).subspan(head));
    if (std::memcmp(digest.data(), content.data() + cache_magic.size(), digest.size()) != 0)
        return {};
    return content.substr(head);
}

/// A cache that cannot be written is no trouble.
void write_cached(const std::string& path, const hs_database_t* database) {
    char* bytes = nullptr;
    std::size_t size = 0;
    if (hs_serialize_database(database, &bytes, &size) != HS_SUCCESS) return;
    const std::string serialized(bytes, size);
    std::free(bytes);
    const auto digest = sha256(as_bytes(serialized));
    std::string content(cache_magic);
    content.append(reinterpret_cast<const char*>(digest.data()), digest.size()).append(serialized);
    std::string draft = path + ".XXXXXX";
    const File file(::mkostemp(draft.data(), O_CLOEXEC));
    if (file.get() < 0) return;
    const bool written =
        ::write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size());
    if (!written || std::rename(draft.c_str(), path.c_str()) != 0) ::unlink(draft.c_str());
}

Database from_cache(const std::string& path) {
    const std::string serialized = read_cached(path);
    hs_database_t* database = nullptr;
    if (serialized.empty() ||
        hs_deserialize_database(serialized.data(), serialized.size(), &database) != HS_SUCCESS) {
        return nullptr;
    }
    return Database(database);
}

/// Whether `database` was taken from the cache is told in `cached`.
Database find_or_compile(const std::string& rules, const std::vector<Anchor>& anchors,
                         unsigned mode, const std::string& cache_directory, bool& cached) {
    const std::string name = cache_directory.empty() ? std::string() : cache_name(anchors, mode);
    const std::string path = cache_directory + "/" + name;
    if (!name.empty()) {
        if (Database database = from_cache(path)) return database;
    }
    cached = false;
    Database database = compile(rules, anchors, mode);
    if (!name.empty()) write_cached(path, database.get());
    return database;
}

int stop(unsigned, unsigned long long, unsigned long long, unsigned, void*) {
    return 1;
}

/// Anything but "read to the end without a hit" is perhaps.
bool scan(const hs_database_t* database, hs_scratch_t* scratch, Bytes text) noexcept {
    return hs_scan(database, reinterpret_cast<const char*>(text.data()),
                   static_cast<unsigned>(text.size()), 0, scratch, stop, nullptr) != HS_SUCCESS;
}

}  // namespace

struct Prefilter::State {
    std::string path;
    std::vector<Anchor> anchors;
    bool cached = true;
    Database block, stream;
};

Prefilter::Prefilter(const std::string& rules_directory, const std::string& cache_directory)
    : state_(std::make_unique<State>()) {
    state_->path = rules_directory + "/prefilter.yaml";
    if (hs_valid_platform() != HS_SUCCESS) {
        throw RuleError(state_->path +
                        ":1: expected a CPU with the instructions that Hyperscan needs");
    }
    state_->anchors = read_anchors(state_->path);
    const auto database = [&](unsigned mode) {
        return find_or_compile(state_->path, state_->anchors, mode, cache_directory,
                               state_->cached);
    };
    state_->block = database(HS_MODE_BLOCK);
    state_->stream = database(HS_MODE_STREAM);
}

Prefilter::~Prefilter() = default;
Prefilter::Prefilter(Prefilter&&) noexcept = default;

bool Prefilter::was_cached() const noexcept {
    return state_->cached;
}

struct Prefilter::Scanner::State {
    ~State() { hs_free_scratch(scratch); }
    const hs_database_t* block = nullptr;
    const hs_database_t* stream = nullptr;
    hs_scratch_t* scratch = nullptr;
};

std::vector<std::string> Prefilter::check() const {
    std::vector<std::string> complaints;
    const Scanner all(*this);
    const auto complain = [&](const Anchor& anchor, const char* what, const std::string& example) {
        complaints.push_back(state_->path + ":" + std::to_string(anchor.line) + ": " + anchor.id +
                             " " + what + ": " + example);
    };
    for (const Anchor& anchor : state_->anchors) {
        const Database alone = compile(state_->path, {anchor}, HS_MODE_BLOCK);
        if (hs_alloc_scratch(alone.get(), &all.state_->scratch) != HS_SUCCESS)
            throw std::bad_alloc();
        for (const std::string& example : anchor.matches) {
            if (!scan(alone.get(), all.state_->scratch, as_bytes(example)))
                complain(anchor, "must match", example);
        }
        for (const std::string& example : anchor.spares) {
            if (scan(state_->block.get(), all.state_->scratch, as_bytes(example)))
                complain(anchor, "must spare", example);
        }
    }
    return complaints;
}

struct Prefilter::Scanner::Stream::State {
    ~State() { hs_close_stream(stream, nullptr, nullptr, nullptr); }
    hs_stream_t* stream = nullptr;
    std::array<std::uint8_t, 4> front{};  // which tell the encoding
    std::size_t front_size = 0;
    bool hit = false;
};

Prefilter::Scanner::Scanner(const Prefilter& prefilter) : state_(std::make_unique<State>()) {
    state_->block = prefilter.state_->block.get();
    state_->stream = prefilter.state_->stream.get();
    for (const hs_database_t* database : {state_->block, state_->stream}) {
        if (hs_alloc_scratch(database, &state_->scratch) != HS_SUCCESS) throw std::bad_alloc();
    }
}

Prefilter::Scanner::~Scanner() = default;
Prefilter::Scanner::Scanner(Scanner&&) noexcept = default;

bool Prefilter::Scanner::perhaps(Bytes text) noexcept {
    if (text.empty()) return false;
    if (text.size() > scan_bytes_max || mcp::is_wide_json(text)) return true;
    return scan(state_->block, state_->scratch, text);
}

Prefilter::Scanner::Stream::Stream(std::unique_ptr<State> state) noexcept
    : state_(std::move(state)) {}
Prefilter::Scanner::Stream::~Stream() = default;

std::unique_ptr<Prefilter::Scanner::Stream> Prefilter::Scanner::open() noexcept {
    auto stream = std::make_unique<Stream::State>();
    if (hs_open_stream(state_->stream, 0, &stream->stream) != HS_SUCCESS)
        std::abort();  // out of memory
    return std::unique_ptr<Stream>(new Stream(std::move(stream)));
}

bool Prefilter::Scanner::perhaps(Stream& stream, Bytes piece) noexcept {
    Stream::State& state = *stream.state_;
    if (state.hit || piece.empty()) return false;
    if (state.front_size < state.front.size()) {
        const std::size_t more = std::min(piece.size(), state.front.size() - state.front_size);
        std::copy_n(piece.begin(), more,
                    state.front.begin() + static_cast<std::ptrdiff_t>(state.front_size));
        state.front_size += more;
        state.hit = state.front_size == state.front.size() &&
                    mcp::encoding_of(state.front).encoding != mcp::Encoding::utf_8;
    }
    while (!state.hit && !piece.empty()) {
        const Bytes part = piece.first(std::min(piece.size(), scan_bytes_max));
        state.hit = hs_scan_stream(state.stream, reinterpret_cast<const char*>(part.data()),
                                   static_cast<unsigned>(part.size()), 0, state_->scratch, stop,
                                   nullptr) != HS_SUCCESS;
        piece = piece.subspan(part.size());
    }
    return state.hit;
}

}  // namespace umbratap::detect
