// One output as the user describes it: "-o [FORMAT:]TARGET", or an entry of `output` in the config.
//
//     -                              standard output
//     PATH                           a file that is appended to
//     unix:PATH                      a Unix socket, of either type
//     syslog://HOST[:PORT]           RFC 5424 over UDP; syslog+tcp:// over TCP, syslog+tls:// over
//     TLS kafka://BROKER[,BROKER]/TOPIC https://…  http://…            Splunk HEC, Elasticsearch
//     _bulk, ClickHouse: told by the path
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "report/rendering.h"
#include "report/sink.h"

namespace umbratap::report {

/// Whom an https:// URL leads to.
enum class HttpKind : std::uint8_t { by_path, splunk_hec, elasticsearch, clickhouse };

struct Output {
    std::string to;  ///< target or URL, without the format
    Rendering format = Rendering::eve;
    std::vector<std::string> events;         ///< types it takes; empty: all that are written
    int severity_max = 0;                    ///< alerts of this severity or worse; 0: all
    std::size_t queue_bytes_max = 16 << 20;  ///< in memory, of an output over a network

    struct Spool {
        std::string directory;  ///< empty: none
        std::uint64_t bytes_max = 1ULL << 30;
    } spool;
    struct Rotate {
        std::uint64_t bytes_max = 0;       ///< 0: never by size
        std::chrono::seconds interval{0};  ///< 0: never by time
        unsigned keep = 7;                 ///< old files
    } rotate;
    struct Tls {
        std::string ca;                ///< PEM file; empty: those of the system
        std::string certificate, key;  ///< PEM files of ours, if the receiver wants to see one
        std::string verify_name;       ///< the name its certificate must have; empty: the host's
    } tls;
    struct Syslog {
        int facility = 16;  ///< local0
        std::string app_name = "umbratap";
    } syslog;
    std::string token_file, token_environment;  ///< where a secret stands; never the secret
    std::map<std::string, std::string> kafka;   ///< settings of librdkafka
    HttpKind kind = HttpKind::by_path;
};

/// Takes "[FORMAT:]TARGET" apart. Throws SinkError where the URL is none of the above.
Output parse_output(std::string_view text);

/// "eve", "ecs", …
std::string_view format_name(Rendering format);

/// What is in force, in one line, without secrets.
std::string describe(const Output& output);

/// Who sends: names that travel with events.
struct Sender {
    std::string sensor_id;
};

/// The parts of SCHEME://AUTHORITY/PATH; a host in brackets loses them. Empty parts are absent.
struct OutputUrl {
    std::string scheme, host, port, path;
};
OutputUrl read_output_url(const std::string& url);

/// Opens all outputs, or none. Throws SinkError.
Sinks open_sinks(const std::vector<Output>& outputs, const Sender& sender = {});

}  // namespace umbratap::report
