// Four bytes make a packet, or a tick of time: every flow that is made is handed out once, in the
// order of last packets.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

#include "flow/table.h"

using namespace umbratap;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

using Table = flow::Table<int>;

struct Run {
    explicit Run(const flow::TableLimits& limits) : table(limits) {}

    Table table;
    Time now{std::chrono::seconds(1000)};
    std::uint64_t sequence = 0;
    std::set<int> alive;
    int made = 0;

    void end(Table::Record& record) {
        require(record.value && alive.erase(*record.value) == 1);
        record.value.reset();
    }
    void end_all(const Batch<Table::Record*>& records) {
        require(std::is_sorted(records.begin(), records.end(), [](auto* a, auto* b) {
            return a->last_sequence < b->last_sequence;
        }));
        for (Table::Record* record : records) end(*record);
        require(alive.size() == table.size());
    }
    void step(const std::uint8_t* four) {
        if (four[0] & 0x80) {
            now += std::chrono::seconds(four[1] * (four[2] & 1 ? -60 : 60)) +
                   std::chrono::milliseconds(four[3]);
            Batch<Table::Record*> out;
            table.expire(now, out);
            return end_all(out);
        }
        packet::Packet packet;
        packet.transport = four[0] & 0x40 ? packet::Transport::udp : packet::Transport::tcp;
        packet.source.octets[15] = four[1] & 7;
        packet.target.octets[15] = four[1] >> 4 & 7;
        packet.source_port = static_cast<std::uint16_t>(four[0] & 0x20 ? 80 : 4000);
        packet.target_port = static_cast<std::uint16_t>(four[0] & 0x10 ? 80 : 4000);
        packet.vlans[0] = four[1] & 8 ? 1 : packet::no_vlan;
        packet.tcp_flags = four[2];
        packet.tcp_sequence = four[3] & 3;
        packet.tcp_acknowledgement = four[3] >> 2 & 7;
        packet.header_length = 20;
        packet.segment_length = four[3] & 0x20 ? 30 : 20;
        packet.time = now;
        table.prefetch(packet);
        auto [record, direction, outcome] = table.find_or_make(packet, ++sequence);
        if (Table::Record* forgotten = table.forgotten()) end(*forgotten);
        if (outcome == flow::Found::reused) {
            end(*record);
            record = table.restart(*record, packet, sequence);
        }
        require((outcome == flow::Found::found) == (record->value != nullptr));
        if (!record->value) {
            record->value = std::make_unique<int>(++made);
            alive.insert(made);
        }
        require(record->packets[index(direction)] != 0);
        if (four[3] & 0x80) table.close(*record);
        require(alive.size() == table.size());
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    flow::TableLimits limits;
    limits.flows_max = 1 + data[0] % 32;
    limits.vlan_in_key = data[0] & 0x80;
    Run run(limits);
    for (std::size_t at = 1; at + 4 <= size; at += 4) run.step(data + at);
    Batch<Table::Record*> out;
    run.table.take_all(out);
    run.end_all(out);
    require(run.alive.empty());
    return 0;
}
