// A BPF filter in the language of tcpdump, for frames of any link type.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/frame.h"

namespace umbratap::capture {

class Filter {
public:
    /// Throws std::invalid_argument, with libpcap's words, where no common link type can make sense
    /// of it.
    explicit Filter(std::string expression);
    ~Filter();
    Filter(Filter&&) noexcept;
    Filter& operator=(Filter&&) noexcept;

    bool accepts(const Frame& frame);

    /// Why the filter fits some link types not, since the last call; their frames are all left out.
    std::vector<std::string> take_remarks();

    static constexpr std::size_t link_types_max =
        64;  ///< compiling takes time: more than these are left out

private:
    struct Program;
    const Program& program_for(std::uint16_t link_type);

    std::string expression_;
    std::vector<std::unique_ptr<Program>> programs_;
    std::vector<std::string> remarks_;
    bool full_ = false;
};

}  // namespace umbratap::capture
