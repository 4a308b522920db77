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

    void forbid_core_dumps();
    void give(std::string secrets, Crew& crew);

    bool followed_;
    capture::KeyLogFiles files_;
    std::vector<std::string> private_keys_;
    Clock::time_point looked_{};
    bool guarded_ = false;
};

}  // namespace umbratap::engine
