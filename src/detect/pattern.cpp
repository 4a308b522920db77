// Regular expressions of rules. Hyperscan, because the pre-filter needs it anyway and its time is
// linear in the text; a backtracking library would let the sender of a message choose how long we
// think about it.
#include "detect/pattern.h"

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <vector>

namespace umbratap::detect {

namespace {

std::atomic<std::size_t> patterns_made{0};

/// One thread's scratch memory, grown to fit each pattern when the thread first meets it.
struct Scratch {
    ~Scratch() { hs_free_scratch(memory); }
    hs_scratch_t* memory = nullptr;
    std::vector<bool> fits;  // by serial number of the pattern
};
thread_local Scratch scratch;

}  // namespace

struct Pattern::State {
    Database database;
    std::size_t serial = patterns_made++;
};

Pattern::Pattern(const std::string& expression, Databases& databases)
    : state_(std::make_unique<State>()) {
    if (expression.size() > 1000) throw std::invalid_argument("longer than 1,000 bytes");
    if (expression.find('\0') != std::string::npos)
        throw std::invalid_argument("a NUL byte, write \\x00");
    const Expression one{expression, HS_FLAG_SINGLEMATCH | HS_FLAG_DOTALL | HS_FLAG_ALLOWEMPTY};
    state_->database = databases.find_or_compile({&one, 1}, HS_MODE_BLOCK);
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;

bool Pattern::found_in(std::string_view text) const noexcept {
    if (scratch.fits.size() <= state_->serial) scratch.fits.resize(state_->serial + 1);
    if (!scratch.fits[state_->serial]) {
        if (hs_alloc_scratch(state_->database.get(), &scratch.memory) != HS_SUCCESS)
            std::abort();  // out of memory
        scratch.fits[state_->serial] = true;
    }
    const auto stop = [](unsigned, unsigned long long, unsigned long long, unsigned, void*) {
        return 1;
    };
    return hs_scan(state_->database.get(), text.data() != nullptr ? text.data() : "",
                   static_cast<unsigned>(text.size()), 0, scratch.memory, stop,
                   nullptr) == HS_SCAN_TERMINATED;
}

}  // namespace umbratap::detect
