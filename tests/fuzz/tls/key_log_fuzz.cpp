// A key log: any text survives, the limit holds, and what was good is found.
#include <cstdlib>

#include "tls/secrets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace umbratap;
    const std::string_view text = as_text(Bytes(data, size));
    tls::Secrets all, few({.secrets_max = 2});
    all.add(text);
    few.add(text);
    if (few.size() > 2 || all.counts().bad != few.counts().bad) std::abort();
    const tls::SecretsCounts& counts = all.counts();
    if (all.size() + counts.evicted > counts.good) std::abort();
    const std::string_view line = text.substr(0, text.find('\n'));
    if (const auto read = tls::read_key_log_line(line); read && read->label != tls::Label::other) {
        if (all.find(read->label, read->id).count == 0) std::abort();
    }
    tls::Secrets twice;
    twice.add(text);
    const std::uint64_t generation = twice.generation();
    const bool replaced = twice.counts().evicted > 0;
    twice.add(text);
    if (!replaced && twice.generation() != generation) std::abort();
    return 0;
}
