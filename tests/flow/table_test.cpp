#include "flow/table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "support/packet_builder.h"

using namespace umbratap;
using namespace umbratap::test;
using namespace std::chrono_literals;
using flow::Direction;
using flow::Found;
namespace flag = packet::tcp_flag;

namespace {

struct Note {
    int number = 0;
};
using Table = flow::Table<Note>;

struct Seen {
    std::uint32_t client = 1;  // the last part of its address
    std::uint16_t client_port = 40000, server_port = 80;
    bool from_client = true;
    std::uint8_t flags = flag::ack;
    Duration time{};
    std::uint32_t sequence = 100, acknowledgement = 0, payload = 0;
    std::uint16_t vlan = packet::no_vlan;
    packet::Transport transport = packet::Transport::tcp;
};

packet::Packet packet_of(const Seen& seen) {
    packet::Packet packet;
    const std::uint8_t client[4] = {10, static_cast<std::uint8_t>(seen.client >> 16),
                                    static_cast<std::uint8_t>(seen.client >> 8),
                                    static_cast<std::uint8_t>(seen.client)};
    const std::uint8_t server[4] = {192, 0, 2, 1};
    packet.source = packet::Address::from_v4(seen.from_client ? client : server);
    packet.target = packet::Address::from_v4(seen.from_client ? server : client);
    packet.source_port = seen.from_client ? seen.client_port : seen.server_port;
    packet.target_port = seen.from_client ? seen.server_port : seen.client_port;
    packet.transport = seen.transport;
    packet.tcp_flags = seen.flags;
    packet.tcp_sequence = seen.sequence;
    packet.tcp_acknowledgement = seen.acknowledgement;
    packet.time = Time(seen.time);
    packet.header_length = 20;
    packet.segment_length = 20 + seen.payload;
    packet.vlans[0] = seen.vlan;
    return packet;
}

/// A table that numbers its packets.
struct Counted : Table {
    using Table::Table;
    std::uint64_t sequence = 0;
    Lookup see(const Seen& seen) {
        packet::Packet packet = packet_of(seen);
        packet.number = ++sequence;
        return find_or_make(packet, sequence);
    }
    /// SYN, SYN-ACK, ACK.
    Record* open(Seen seen) {
        seen.flags = flag::syn;
        see(seen);
        seen.from_client = false;
        seen.flags = flag::syn | flag::ack;
        see(seen);
        seen.from_client = true;
        seen.flags = flag::ack;
        return see(seen).record;
    }
};

std::vector<std::uint64_t> numbers(const Batch<Table::Record*>& records) {
    std::vector<std::uint64_t> out;
    for (const Table::Record* record : records) out.push_back(record->last_sequence);
    return out;
}

}  // namespace

TEST_CASE("table: both directions are one flow") {
    Counted table{flow::TableLimits()};
    const auto first = table.see({.flags = flag::syn});
    CHECK(first.outcome == Found::made);
    CHECK(first.direction == Direction::to_server);
    const auto second =
        table.see({.from_client = false, .flags = flag::syn | flag::ack, .payload = 7});
    CHECK(second.outcome == Found::found);
    CHECK(second.direction == Direction::to_client);
    REQUIRE(second.record == first.record);
    CHECK(first.record->packets[0] == 1);
    CHECK(first.record->packets[1] == 1);
    CHECK(first.record->bytes[1] == 47);
    CHECK(first.record->first_packet_number == 1);
    CHECK(first.record->last_packet_number == 2);
    CHECK(packet::to_string(first.record->client().address) == "10.0.0.1");
    CHECK(first.record->server().port == 80);
    CHECK(table.size() == 1);
}

TEST_CASE("table: other addresses, ports or protocols are other flows") {
    Counted table{flow::TableLimits()};
    table.see({});
    CHECK(table.see({.client = 2}).outcome == Found::made);
    CHECK(table.see({.client_port = 40001}).outcome == Found::made);
    CHECK(table.see({.server_port = 81}).outcome == Found::made);
    CHECK(table.see({.transport = packet::Transport::udp}).outcome == Found::made);
    CHECK(table.size() == 5);
}

TEST_CASE(
    "table: the same addresses in another VLAN are another flow, unless that is switched off") {
    for (const bool vlan_in_key : {true, false}) {
        flow::TableLimits limits;
        limits.vlan_in_key = vlan_in_key;
        Counted table(limits);
        table.see({.flags = flag::syn, .vlan = 5});
        CHECK((table.see({.flags = flag::syn, .vlan = 6}).outcome == Found::made) == vlan_in_key);
        const auto answer =
            table.see({.from_client = false, .flags = flag::syn | flag::ack, .vlan = 6});
        CHECK(answer.outcome == Found::found);
        CHECK(answer.record->key.vlans[0] == (vlan_in_key ? 6 : 5));
        CHECK(answer.record->packets[0] == (vlan_in_key ? 1 : 2));
    }
}

TEST_CASE("table: directions of one flow may lie in different VLANs") {
    Counted table{flow::TableLimits()};
    const auto first = table.see({.flags = flag::syn, .vlan = 5});
    const auto second =
        table.see({.from_client = false, .flags = flag::syn | flag::ack, .vlan = 6});
    CHECK(second.record == first.record);
    CHECK(table.see({.vlan = 5}).record == first.record);
    CHECK(table.see({.from_client = false, .vlan = 6}).record == first.record);
    CHECK(table.see({.from_client = false, .vlan = 7}).outcome == Found::made);
}

TEST_CASE("table: the client is who sends SYN, or receives SYN-ACK") {
    Counted table{flow::TableLimits()};
    CHECK(table.see({.client_port = 80, .server_port = 40000, .flags = flag::syn}).direction ==
          Direction::to_server);
    CHECK(table
              .see({.client = 2,
                    .client_port = 80,
                    .server_port = 40000,
                    .from_client = false,
                    .flags = flag::syn | flag::ack})
              .direction == Direction::to_client);
}

TEST_CASE("table: of a flow met midway the lower port is the server's") {
    Counted table{flow::TableLimits()};
    CHECK(table.see({.from_client = false}).direction == Direction::to_client);
    CHECK(table.see({.client = 2}).direction == Direction::to_server);
    const auto equal =
        table.see({.client = 3, .client_port = 7000, .server_port = 7000, .from_client = false});
    CHECK(equal.direction == Direction::to_server);
    CHECK(packet::to_string(equal.record->client().address) == "192.0.2.1");
}

TEST_CASE("table: idle flows are handed out in the order of their last packets") {
    Counted table{flow::TableLimits()};
    for (std::uint32_t i = 0; i < 50; ++i) table.see({.client = i, .time = 1s, .payload = 1});
    for (std::uint32_t i = 0; i < 50; i += 2)
        table.see({.client = 49 - i, .time = 2s, .payload = 1});
    Batch<Table::Record*> out;
    table.expire(Time(3601s), out);
    CHECK(out.empty());
    table.expire(Time(3601s + 1ns), out);
    CHECK(out.size() == 25);
    table.expire(Time(4000s), out);
    REQUIRE(out.size() == 50);
    const auto sequences = numbers(out);
    CHECK(std::is_sorted(sequences.begin(), sequences.end()));
    CHECK(table.size() == 0);
    CHECK(table.see({.client = 1, .time = 4000s}).outcome == Found::made);
}

TEST_CASE("table: half-open and closed flows are waited for shortly, open ones for long") {
    Counted table{flow::TableLimits()};
    table.see({.client = 1, .flags = flag::syn});
    table.open({.client = 2});
    table.open({.client = 3});
    table.see({.client = 3, .flags = flag::rst});
    table.see({.client = 4, .transport = packet::Transport::udp});
    const auto gone = [&](Duration now) {
        Batch<Table::Record*> out;
        table.expire(Time(now), out);
        std::string clients;
        for (const Table::Record* record : out)
            clients += packet::to_string(record->client().address).substr(7) + " ";
        return clients;
    };
    CHECK(gone(10s) == "");
    CHECK(gone(11s) == "1 ");
    CHECK(gone(60s) == "");
    CHECK(gone(61s) == "3 4 ");
    CHECK(gone(3600s) == "");
    CHECK(gone(3601s) == "2 ");
}

TEST_CASE("table: whoever looks into a flow says when it is closed") {
    Counted table{flow::TableLimits()};
    Table::Record* record = table.open({});
    record->value = std::make_unique<Note>();
    table.see({.flags = flag::rst});
    CHECK(record->standing == flow::Standing::open);
    table.close(*record);
    CHECK(record->standing == flow::Standing::closed);
    table.see({.payload = 5});
    CHECK(record->standing == flow::Standing::closed);
}

TEST_CASE("table: a SYN on the ports of a closed or idle flow begins a new one") {
    for (const bool idle : {false, true}) {
        Counted table{flow::TableLimits()};
        Table::Record* record = table.open({});
        if (!idle) table.see({.flags = flag::rst});
        record->value = std::make_unique<Note>();
        const Seen syn{
            .from_client = false, .flags = flag::syn, .time = idle ? 4000s : 1s, .sequence = 900};
        const auto found = table.see(syn);
        REQUIRE(found.outcome == Found::reused);
        CHECK(found.direction == Direction::to_server);
        CHECK(found.record == record);
        CHECK(record->value != nullptr);
        CHECK(record->packets[0] == 2 + !idle);
        CHECK(table.restart(*record, packet_of(syn), 77) == record);
        CHECK(record->value == nullptr);
        CHECK(record->packets[0] == 1);
        CHECK(record->last_sequence == 77);
        CHECK(packet::to_string(record->client().address) == "192.0.2.1");
        CHECK(table.size() == 1);
    }
}

TEST_CASE("table: a SYN amid a connection begins a new one only when it is acknowledged") {
    Counted table{flow::TableLimits()};
    table.open({});
    CHECK(table.see({.flags = flag::syn, .sequence = 100}).outcome == Found::found);
    CHECK(table.see({.flags = flag::syn, .sequence = 900}).outcome == Found::found);
    CHECK(table.see({.payload = 10}).outcome == Found::found);
    CHECK(table.see({.from_client = false, .flags = flag::syn | flag::ack, .acknowledgement = 700})
              .outcome == Found::found);
    const auto found =
        table.see({.from_client = false, .flags = flag::syn | flag::ack, .acknowledgement = 901});
    CHECK(found.outcome == Found::reused);
    CHECK(found.direction == Direction::to_client);
}

TEST_CASE("table: another attempt of a half-open connection is the same flow") {
    Counted table{flow::TableLimits()};
    table.see({.flags = flag::syn, .sequence = 100});
    CHECK(table.see({.flags = flag::syn, .time = 1s, .sequence = 900}).outcome == Found::found);
    CHECK(table.see({.flags = flag::syn, .time = 12s, .sequence = 900}).outcome == Found::reused);
}

TEST_CASE(
    "table: when it is full closed flows go first, then half-open ones, then datagrams, then the "
    "quietest") {
    flow::TableLimits limits;
    limits.flows_max = 6;
    Counted table(limits);
    table.open({.client = 1, .time = 1s});
    table.open({.client = 2, .time = 100s});
    table.open({.client = 3, .time = 200s});
    table.see({.client = 3, .flags = flag::rst, .time = 200s});
    table.see({.client = 4, .flags = flag::syn, .time = 200s});
    table.see({.client = 5, .time = 200s, .transport = packet::Transport::udp});
    table.open({.client = 6, .time = 150s});
    std::string order;
    for (std::uint32_t i = 10; i < 16; ++i) {
        table.open({.client = i, .time = 300s});
        // Its first packet pushed one out; by its last, that is gone.
        CHECK(table.forgotten() == nullptr);
        CHECK(table.size() == 6);
    }
    Counted again(limits);
    for (std::uint32_t i = 1; i <= 6; ++i) again.open({.client = i, .time = i * 100s});
    again.see({.client = 1, .time = 700s});
    for (std::uint32_t i = 10; i < 15; ++i) {
        const auto made = again.see({.client = i, .time = 701s, .payload = 1});
        REQUIRE(made.outcome == Found::made);
        REQUIRE(again.forgotten() != nullptr);
        order += packet::to_string(again.forgotten()->client().address).substr(7) + " ";
    }
    CHECK(order == "2 3 4 5 6 ");
}

TEST_CASE("table: a flood of SYNs pushes out no connection") {
    flow::TableLimits limits;
    limits.flows_max = 1000;
    Counted table(limits);
    for (std::uint32_t i = 0; i < 900; ++i)
        table.open({.client = i, .time = 1s})->value = std::make_unique<Note>(Note{int(i)});
    for (std::uint32_t i = 0; i < 20000; ++i)
        table.see({.client = 100000 + i, .flags = flag::syn, .time = 2s});
    CHECK(table.size() == 1000);
    for (std::uint32_t i = 0; i < 900; ++i) {
        const auto found = table.see({.client = i, .time = 3s});
        REQUIRE(found.outcome == Found::found);
        REQUIRE(found.record->value->number == int(i));
    }
}

TEST_CASE("table: time may step back, and make leaps") {
    Counted table{flow::TableLimits()};
    Batch<Table::Record*> out;
    table.open({.client = 1, .time = 1000000s});
    table.expire(Time(1000001s), out);
    table.open({.client = 2, .time = 500s});
    table.expire(Time(501s), out);
    CHECK(out.empty());
    table.expire(Time(Duration::max()), out);
    CHECK(out.size() == 2);
    table.open({.client = 3, .time = Duration::min()});
    table.expire(Time(Duration::min()), out);
    CHECK(table.size() == 1);
    table.expire(Time(Duration::max()), out);
    CHECK(table.size() == 0);
}

TEST_CASE("table: what remains is taken in the order of last packets") {
    Counted table{flow::TableLimits()};
    for (std::uint32_t i = 0; i < 30; ++i) table.open({.client = i, .time = i * 1s});
    for (std::uint32_t i = 0; i < 30; i += 3) table.see({.client = 29 - i, .time = 40s});
    Batch<Table::Record*> out;
    table.take_all(out);
    CHECK(out.size() == 30);
    const auto sequences = numbers(out);
    CHECK(std::is_sorted(sequences.begin(), sequences.end()));
    CHECK(table.size() == 0);
}

TEST_CASE("table: agrees with a plain map over random traffic") {
    std::mt19937 random(7);
    flow::TableLimits limits;
    limits.flows_max = 300;
    Counted table(limits);
    std::map<std::uint32_t, std::int64_t> last;  // client → second of its last packet
    std::int64_t now = 0;
    for (int step = 0; step < 200000; ++step) {
        now += random() % 100 == 0 ? static_cast<std::int64_t>(random() % 200) : 0;
        const auto client = static_cast<std::uint32_t>(random() % 250);
        const bool known = last.count(client) != 0;
        const bool idle = known && now - last[client] > 3600;
        const auto found = table.see(
            {.client = client, .from_client = random() % 2 == 0, .time = now * 1s, .payload = 1});
        REQUIRE((found.outcome == Found::made) == !known);
        REQUIRE((found.outcome == Found::reused) == idle);
        if (idle)
            table.restart(*found.record,
                          packet_of({.client = client, .time = now * 1s, .payload = 1}),
                          table.sequence);
        last[client] = now;
        if (step % 50 != 0) continue;
        Batch<Table::Record*> out;
        table.expire(Time(now * 1s), out);
        const auto over =
            std::erase_if(last, [&](const auto& flow) { return now - flow.second > 3600; });
        REQUIRE(out.size() == over);
        REQUIRE(table.size() == last.size());
    }
}

TEST_CASE("table: an opaque flow costs no more than 256 bytes") {
    CHECK(sizeof(Table::Record) <= 160);
    flow::TableLimits limits;
    limits.flows_max = 1 << 17;
    CHECK(Table(limits).bytes_max() / limits.flows_max <= 256);
}
