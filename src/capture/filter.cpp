// libpcap compiles an expression for one link type, since offsets differ. A pcapng file holds
// several, and of what types is known only when a frame comes: hence one program a type, made then.
#include "capture/filter.h"

#include <pcap/pcap.h>

#include <stdexcept>
#include <utility>

#include "capture/link_number.h"

namespace umbratap::capture {

namespace {

constexpr int snap_length = 262144;

}  // namespace

struct Filter::Program {
    Program(std::uint16_t type, const std::string& expression) : link_type(type) {
        struct Close {
            void operator()(pcap_t* handle) const noexcept { pcap_close(handle); }
        };
        const std::unique_ptr<pcap_t, Close> handle(pcap_open_dead(in_libpcap(type), snap_length));
        if (!handle) throw std::bad_alloc();
        if (pcap_compile(handle.get(), &code, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
            wrong = pcap_geterr(handle.get());
        }
    }
    explicit Program(std::string why) : wrong(std::move(why)) {}
    Program(const Program&) = delete;
    ~Program() { pcap_freecode(&code); }

    std::uint16_t link_type = 0;
    bpf_program code{};
    std::string wrong;  // empty where the code is sound
};

Filter::Filter(std::string expression) : expression_(std::move(expression)) {
    // Ethernet, radiotap, Linux cooked, raw IP, 802.11: an expression is wrong if it suits none.
    std::string first_wrong;
    for (const std::uint16_t link_type : {1, 127, 113, 101, 105}) {
        auto program = std::make_unique<Program>(link_type, expression_);
        if (program->wrong.empty()) {
            programs_.push_back(std::move(program));
            return;
        }
        if (first_wrong.empty()) first_wrong = program->wrong;
    }
    throw std::invalid_argument("filter \"" + expression_ + "\": " + first_wrong);
}

Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;

const Filter::Program& Filter::program_for(std::uint16_t link_type) {
    for (std::unique_ptr<Program>& program : programs_) {
        if (program->link_type != link_type) continue;
        std::swap(program, programs_.front());
        return *programs_.front();
    }
    static const Program none("too many link types");
    if (programs_.size() >= link_types_max) {
        if (!std::exchange(full_, true)) {
            remarks_.push_back("the filter was made for " + std::to_string(link_types_max) +
                               " link types; frames of others are left out");
        }
        return none;
    }
    programs_.push_back(std::make_unique<Program>(link_type, expression_));
    const Program& made = *programs_.back();
    if (!made.wrong.empty()) {
        remarks_.push_back("the filter does not suit link type " + std::to_string(link_type) +
                           ": " + made.wrong + "; its frames are left out");
    }
    return made;
}

bool Filter::accepts(const Frame& frame) {
    const Program& program = programs_.front()->link_type == frame.link_type
                                 ? *programs_.front()
                                 : program_for(frame.link_type);
    if (!program.wrong.empty()) return false;
    pcap_pkthdr header{};
    header.caplen = static_cast<bpf_u_int32>(frame.data.size());
    header.len = frame.original_length;
    return pcap_offline_filter(&program.code, &header, frame.data.data()) != 0;
}

std::vector<std::string> Filter::take_remarks() {
    return std::exchange(remarks_, {});
}

}  // namespace umbratap::capture
