// TLS secrets on their way from key logs, captures and private keys to the workers. They are in
// this process' memory only: not in a core dump, and wiped where they were read into.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "capture/key_log_file.h"
#include "capture/source.h"
#include "engine/crew.h"
#include "engine/options.h"

namespace umbratap::engine {

/// Of the files that the options name, PEM; to be wiped after use. From now on there are no core
/// dumps of this process. Throws capture::InputError, detect::RuleError.
std::vector<std::string> read_private_keys(const Options& options);
/// A core dump would hold what opens other people's traffic.
void forbid_core_dumps();

/// Overwrites what was a secret.
void wipe(std::string& text) noexcept;

class Keys {
public:
    /// Opens key logs and reads private keys. Throws capture::InputError, detect::RuleError.
    explicit Keys(const Options& options);
    ~Keys();
    Keys(const Keys&) = delete;
    Keys& operator=(const Keys&) = delete;

    /// Gives the crew what is there before the first packet.
    void begin(Crew& crew);
    /// And what has come since: with packets, or into the key logs.
    void feed(capture::Source& source, Crew& crew);

    std::vector<capture::Notice> take_notices() { return files_.take_notices(); }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr Clock::duration look_again_after = std::chrono::milliseconds(100);

    void give(std::string secrets, Crew& crew);

    bool followed_;
    capture::KeyLogFiles files_;
    std::vector<std::string> private_keys_;
    Clock::time_point looked_{};
};

}  // namespace umbratap::engine
