// A few literals, searched for at the speed of memory, decide what is worth parsing.
//
// The anchors are data (rules/prefilter.yaml). One Hyperscan database in block mode serves whole
// texts, one in streaming mode texts that are longer than what is parsed; both stop at the first
// hit. Texts in UTF-16 or UTF-32 are told by their first bytes, with the decoder's own eyes.
#include "detect/prefilter.h"

#include <hs.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "detect/databases.h"
#include "detect/rules.h"
#include "detect/yaml.h"
#include "mcp/encoding.h"

namespace umbratap::detect {

namespace {

constexpr std::size_t pattern_bytes_max = 1000;
constexpr std::size_t anchors_max = 32;
constexpr std::size_t literal_bytes_min = 3;
constexpr std::size_t scan_bytes_max = std::size_t{1} << 30;  // of one call

struct Anchor {
    std::string id, pattern;
    unsigned flags = 0;
    int line = 0;
    std::vector<std::string> matches, spares;
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

/// All anchors in one database. Throws RuleError.
Database compile(const std::string& path, std::span<const Anchor> anchors, unsigned mode,
                 Databases& databases) {
    std::vector<Expression> expressions;
    for (const Anchor& anchor : anchors) expressions.push_back({anchor.pattern, anchor.flags});
    try {
        return databases.find_or_compile(expressions, mode);
    } catch (const CompileError& error) {
        const int line = error.which >= 0 ? anchors[static_cast<std::size_t>(error.which)].line : 1;
        throw RuleError(path + ":" + std::to_string(line) +
                        ": expected a pattern of Hyperscan: " + error.what());
    }
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
    bool cached = false;
    Database block, stream;
};

Prefilter::Prefilter(const std::string& rules_directory, const std::string& cache_directory)
    : state_(std::make_shared<State>()) {
    state_->path = rules_directory + "/prefilter.yaml";
    if (hs_valid_platform() != HS_SUCCESS) {
        throw RuleError(state_->path +
                        ":1: expected a CPU with the instructions that Hyperscan needs");
    }
    state_->anchors = read_anchors(state_->path);
    Databases databases(cache_directory);
    state_->block = compile(state_->path, state_->anchors, HS_MODE_BLOCK, databases);
    state_->stream = compile(state_->path, state_->anchors, HS_MODE_STREAM, databases);
    state_->cached = databases.all_found();
}

Prefilter::~Prefilter() = default;
Prefilter::Prefilter(Prefilter&&) noexcept = default;

bool Prefilter::was_cached() const noexcept {
    return state_->cached;
}

struct Prefilter::Scanner::State {
    ~State() { hs_free_scratch(scratch); }
    std::shared_ptr<const Prefilter::State> prefilter;
    hs_scratch_t* scratch = nullptr;
};

std::vector<std::string> Prefilter::check() const {
    std::vector<std::string> complaints;
    const Scanner all(*this);
    Databases databases;
    const auto complain = [&](const Anchor& anchor, const char* what, const std::string& example) {
        complaints.push_back(state_->path + ":" + std::to_string(anchor.line) + ": " + anchor.id +
                             " " + what + ": " + example);
    };
    for (const Anchor& anchor : state_->anchors) {
        const Database alone = compile(state_->path, {&anchor, 1}, HS_MODE_BLOCK, databases);
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
    std::shared_ptr<Scanner::State> scanner;
    hs_stream_t* stream = nullptr;
    std::array<std::uint8_t, 4> front{};  // which tell the encoding
    std::size_t front_size = 0;
    bool hit = false;
};

Prefilter::Scanner::Scanner(const Prefilter& prefilter) : state_(std::make_shared<State>()) {
    state_->prefilter = prefilter.state_;
    for (const Database* database : {&prefilter.state_->block, &prefilter.state_->stream}) {
        if (hs_alloc_scratch(database->get(), &state_->scratch) != HS_SUCCESS)
            throw std::bad_alloc();
    }
}

Prefilter::Scanner::~Scanner() = default;
Prefilter::Scanner::Scanner(Scanner&&) noexcept = default;
Prefilter::Scanner& Prefilter::Scanner::operator=(Scanner&&) noexcept = default;

bool Prefilter::Scanner::perhaps(Bytes text) noexcept {
    if (text.empty()) return false;
    if (text.size() > scan_bytes_max || mcp::is_wide_json(text)) return true;
    return scan(state_->prefilter->block.get(), state_->scratch, text);
}

Prefilter::Scanner::Stream::Stream(std::unique_ptr<State> state) noexcept
    : state_(std::move(state)) {}
Prefilter::Scanner::Stream::~Stream() = default;

std::unique_ptr<Prefilter::Scanner::Stream> Prefilter::Scanner::open() noexcept {
    auto stream = std::make_unique<Stream::State>();
    stream->scanner = state_;
    if (hs_open_stream(state_->prefilter->stream.get(), 0, &stream->stream) != HS_SUCCESS)
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
                                   static_cast<unsigned>(part.size()), 0, state.scanner->scratch,
                                   stop, nullptr) != HS_SUCCESS;
        piece = piece.subspan(part.size());
    }
    return state.hit;
}

}  // namespace umbratap::detect
