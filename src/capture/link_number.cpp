// The link types whose numbers differ.
#include "capture/link_number.h"

#include <pcap/dlt.h>

namespace umbratap::capture {

namespace {

constexpr struct {
    std::uint16_t in_files;
    int in_libpcap;
} differing[] = {
    {100, DLT_ATM_RFC1483}, {101, DLT_RAW},      {102, DLT_SLIP_BSDOS},
    {103, DLT_PPP_BSDOS},   {106, DLT_ATM_CLIP},
};

}  // namespace

int in_libpcap(std::uint16_t link_type) noexcept {
    for (const auto& pair : differing)
        if (pair.in_files == link_type) return pair.in_libpcap;
    return link_type;
}

std::uint16_t in_files(int libpcap_type) noexcept {
    for (const auto& pair : differing)
        if (pair.in_libpcap == libpcap_type) return pair.in_files;
    return static_cast<std::uint16_t>(libpcap_type);
}

}  // namespace umbratap::capture
