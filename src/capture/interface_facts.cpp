// The ioctl behind ethtool: each request is a structure whose first word says what is asked.
// Several end in an array as long as an earlier question said.
#include "capture/interface_facts.h"

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace umbratap::capture {

namespace {

constexpr std::uint32_t strings_max = 1024;
constexpr std::uint32_t hash_words_max = 64 * 1024;

class Device {
public:
    explicit Device(const std::string& name) : socket_(socket(AF_INET, SOCK_DGRAM, 0)) {
        name.copy(request_.ifr_name, sizeof request_.ifr_name - 1);
    }

    int index() noexcept {
        return ioctl(socket_.number(), SIOCGIFINDEX, &request_) == 0 ? request_.ifr_ifindex : 0;
    }
    bool ask(void* question) noexcept {
        request_.ifr_data = static_cast<char*>(question);
        return ioctl(socket_.number(), SIOCETHTOOL, &request_) == 0;
    }

private:
    Descriptor socket_;
    ifreq request_{};
};

/// A structure that ends in an array, in memory for both.
template <class Head>
class WithArray {
public:
    explicit WithArray(std::size_t array_bytes)
        : words_((sizeof(Head) + array_bytes + 7) / sizeof(std::uint64_t)) {}
    Head& head() noexcept { return *reinterpret_cast<Head*>(words_.data()); }
    const std::uint8_t* array() const noexcept {
        return reinterpret_cast<const std::uint8_t*>(words_.data()) + sizeof(Head);
    }

private:
    std::vector<std::uint64_t> words_;
};

std::uint32_t count_features(Device& device) {
    WithArray<ethtool_sset_info> question(sizeof(std::uint32_t));
    question.head().cmd = ETHTOOL_GSSET_INFO;
    question.head().sset_mask = 1ULL << ETH_SS_FEATURES;
    if (!device.ask(&question.head()) || question.head().sset_mask == 0) return 0;
    return std::min(little_endian_32(question.array()), strings_max);
}

std::map<std::string, Feature> read_features(Device& device) {
    const std::uint32_t count = count_features(device);
    const std::uint32_t blocks = (count + 31) / 32;
    WithArray<ethtool_gstrings> names(std::size_t{count} * ETH_GSTRING_LEN);
    names.head().cmd = ETHTOOL_GSTRINGS;
    names.head().string_set = ETH_SS_FEATURES;
    names.head().len = count;
    WithArray<ethtool_gfeatures> bits(blocks * sizeof(ethtool_get_features_block));
    bits.head().cmd = ETHTOOL_GFEATURES;
    bits.head().size = blocks;
    if (count == 0 || !device.ask(&names.head()) || !device.ask(&bits.head())) return {};
    std::map<std::string, Feature> features;
    for (std::uint32_t i = 0; i < count; ++i) {
        const char* name =
            reinterpret_cast<const char*>(names.array()) + std::size_t{i} * ETH_GSTRING_LEN;
        ethtool_get_features_block block;
        std::memcpy(&block, bits.array() + i / 32 * sizeof block, sizeof block);
        const auto is_in = [bit = i % 32](std::uint32_t set) { return (set >> bit & 1) != 0; };
        features[std::string(name, strnlen(name, ETH_GSTRING_LEN))] = {
            .on = is_in(block.active),
            .fixed = is_in(block.never_changed) || !is_in(block.available)};
    }
    return features;
}

std::optional<QueueHash> read_hash(Device& device) {
    ethtool_rxfh sizes{};
    sizes.cmd = ETHTOOL_GRSSH;
    if (!device.ask(&sizes) || sizes.indir_size > hash_words_max ||
        sizes.key_size > hash_words_max) {
        return std::nullopt;
    }
    const std::size_t table_bytes = sizes.indir_size * sizeof(std::uint32_t);
    WithArray<ethtool_rxfh> question(table_bytes + sizes.key_size);
    question.head() = sizes;
    if (!device.ask(&question.head())) return std::nullopt;
    QueueHash hash;
    hash.is_toeplitz = (question.head().hfunc & 1) != 0;   // ETH_RSS_HASH_TOP
    hash.folds_both_ways = question.head().rsvd8[0] != 0;  // input_xfrm, since Linux 6.8
    std::vector<std::uint32_t> queues;
    for (std::size_t at = 0; at < table_bytes; at += sizeof(std::uint32_t))
        queues.push_back(little_endian_32(question.array() + at));
    std::sort(queues.begin(), queues.end());
    hash.queues_used =
        static_cast<std::uint32_t>(std::unique(queues.begin(), queues.end()) - queues.begin());
    hash.key.assign(question.array() + table_bytes,
                    question.array() + table_bytes + sizes.key_size);
    return hash;
}

std::uint32_t read_queues(Device& device) {
    ethtool_channels channels{};
    channels.cmd = ETHTOOL_GCHANNELS;
    return device.ask(&channels) ? channels.rx_count + channels.combined_count : 0;
}

std::uint32_t read_speed(Device& device) {
    // The first question only tells how many words of link modes the second has room for.
    ethtool_link_settings sizes{};
    sizes.cmd = ETHTOOL_GLINKSETTINGS;
    if (!device.ask(&sizes) || sizes.link_mode_masks_nwords >= 0) return 0;
    const int words = -sizes.link_mode_masks_nwords;
    WithArray<ethtool_link_settings> question(3 * sizeof(std::uint32_t) *
                                              static_cast<std::size_t>(words));
    question.head().cmd = ETHTOOL_GLINKSETTINGS;
    question.head().link_mode_masks_nwords = static_cast<std::int8_t>(words);
    if (!device.ask(&question.head())) return 0;
    const std::uint32_t speed = question.head().speed;
    return speed == static_cast<std::uint32_t>(SPEED_UNKNOWN) ? 0 : speed;
}

}  // namespace

bool QueueHash::is_symmetric() const noexcept {
    if (folds_both_ways || queues_used == 1) return true;
    if (!is_toeplitz || key.size() < 2) return false;
    for (std::size_t i = 2; i < key.size(); ++i)
        if (key[i] != key[i % 2]) return false;
    return true;
}

Feature InterfaceFacts::feature(const std::string& name) const {
    const auto found = features.find(name);
    return found != features.end() ? found->second : Feature{.on = false, .fixed = true};
}

std::optional<InterfaceFacts> find_interface_facts(const std::string& name) {
    if (name.size() >= IFNAMSIZ) return std::nullopt;
    Device device(name);
    auto state = InterfaceStates().find(device.index());
    if (!state) return std::nullopt;
    InterfaceFacts facts;
    facts.state = std::move(*state);
    ethtool_drvinfo driver{};
    driver.cmd = ETHTOOL_GDRVINFO;
    if (device.ask(&driver))
        facts.driver.assign(driver.driver, strnlen(driver.driver, sizeof driver.driver));
    facts.speed = read_speed(device);
    facts.features = read_features(device);
    ethtool_ringparam ring{};
    ring.cmd = ETHTOOL_GRINGPARAM;
    if (device.ask(&ring)) {
        facts.ring_frames = ring.rx_pending;
        facts.ring_frames_max = ring.rx_max_pending;
    }
    facts.queues = read_queues(device);
    facts.hash = read_hash(device);
    return facts;
}

}  // namespace umbratap::capture
