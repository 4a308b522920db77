// Events over HTTP: Splunk's HTTP Event Collector, Elasticsearch's _bulk, ClickHouse.
//
// A batch keeps its bounds when it is sent again, so that a receiver that knows it already can tell
// by its name or its ids. A batch that is refused as a whole is halved until the event that spoils
// it stands alone; that one is given up.
#include <algorithm>
#include <ctime>
#include <random>
#include <span>
#include <thread>

#include "report/json.h"
#include "report/network_sink.h"
#include "report/sinks/http_answers.h"
#include "report/sinks/http_post.h"
#include "report/sinks/sinks.h"

namespace umbratap::report {

namespace {

using Clock = Patience::Clock;
using Batch = std::span<Parcel*>;

constexpr std::size_t batch_bytes_max = 512 << 10;

void mark(Batch batch, Parcel::State state) {
    for (Parcel* parcel : batch) parcel->state = state;
}

bool is_json(const Event& event) {
    return event.line.starts_with('{');
}

class HttpCarrier : public Carrier {
public:
    HttpCarrier(const Output& output, std::string token_header) : url_(output.to), post_(output) {
        if (!token_header.empty()) headers_.push_back(std::move(token_header));
    }

    Outcome carry(Window& window, const Patience& patience) noexcept override {
        std::vector<Parcel*> parcels = next_batch(window);
        if (parcels.empty()) return idle(window, patience);
        const Batch batch(parcels);
        mark(batch, Parcel::State::sent);
        body_.clear();
        for (const Parcel* parcel : batch) append(*parcel, body_);
        const HttpAnswer answer = post_.post(url_for(batch), body_, headers_, patience);
        if (!answer.trouble.empty()) return {answer.trouble, true};
        if (answer.status == 413 || (answer.status == 400 && is_of_content(answer)))
            return refused(batch, answer);
        if (answer.status != 200) return {status_text(answer), true};
        return understand(batch, answer);
    }
    std::string_view kind() const noexcept override { return "http"; }

protected:
    /// Appends the event as it stands in the request's body.
    virtual void append(const Parcel& parcel, std::string& out) const = 0;
    /// The answer was 200: marks what arrived.
    virtual Outcome understand(Batch batch, const HttpAnswer& answer) = 0;
    /// Whether a status of 400 speaks of events, and not of how we are configured.
    virtual bool is_of_content(const HttpAnswer&) const { return false; }
    /// The whole batch, or one of it, is not wanted.
    virtual Outcome refused(Batch batch, const HttpAnswer& answer) {
        if (batch.size() == 1) {
            mark(batch, Parcel::State::refused);
            return {"an event is refused: " + status_text(answer), false};
        }
        mark(batch, Parcel::State::waiting);
        const std::uint64_t half = ++last_batch_;
        for (Parcel* parcel : batch.subspan(0, batch.size() / 2)) parcel->mark = half;
        return {};
    }
    virtual std::string url_for(Batch) const { return url_; }
    /// There is nothing to send now.
    virtual Outcome idle(Window&, const Patience&) { return {}; }

    static std::string status_text(const HttpAnswer& answer) {
        return "HTTP status " + std::to_string(answer.status) + ": " + excerpt(answer.body);
    }

    std::string url_;
    HttpPost post_;
    std::vector<std::string> headers_;

private:
    /// The waiting parcels of one batch: a new one, or one that was sent before.
    std::vector<Parcel*> next_batch(Window& window) {
        std::vector<Parcel*> batch;
        std::size_t bytes = 0;
        bool is_new = false;
        for (Parcel& parcel : window) {
            if (parcel.state != Parcel::State::waiting) continue;
            if (batch.empty() && parcel.mark == 0) {
                is_new = true;
                ++last_batch_;
            }
            if (is_new && parcel.mark == 0) parcel.mark = last_batch_;
            if (!batch.empty() && parcel.mark != batch.front()->mark) break;
            bytes += parcel.bytes.size();
            batch.push_back(&parcel);
            if (bytes >= batch_bytes_max) break;
        }
        return batch;
    }

    std::string body_;
    std::uint64_t last_batch_ = 0;
};

/// https://help.splunk.com: events one after the other; with indexer acknowledgement switched on,
/// an id to ask for.
class SplunkHec final : public HttpCarrier {
public:
    SplunkHec(const Output& output, const Sender& sender, std::string token_header)
        : HttpCarrier(output, std::move(token_header)), host_(sender.sensor_id) {
        channel_ = random_uuid();
        headers_.push_back("X-Splunk-Request-Channel: " + channel_);
        headers_.push_back("Content-Type: application/json");
        const std::size_t path = url_.find("/services/collector");
        acknowledge_url_ = url_.substr(0, path) + "/services/collector/ack?channel=" + channel_;
    }

    void close(Window& window, const Patience& patience) noexcept override {
        while (waits_for_acknowledgement(window) && !patience.over()) {
            if (idle(window, patience).broken) return;
        }
    }

private:
    void append(const Parcel& parcel, std::string& out) const override {
        const Event event = parcel.event();
        JsonWriter json(out);
        json.key("time") += epoch(event.timestamp);
        json.text("host", host_);
        json.text("source", "umbratap");
        json.text("sourcetype", event.type == "alert" || event.type == "flow" ||
                                        event.type == "tls" || event.type == "http"
                                    ? "suricata"
                                    : "mcp:json");
        if (is_json(event)) {
            json.key("event") += event.line;
        } else {
            json.text("event", event.line);
        }
        json.open("fields");
        json.text("event_id", event.id);
        if (parcel.redelivered) json.text("redelivered", "true");
        json.close();
        json.close_even_if_empty();
        out += '\n';
    }

    Outcome understand(Batch batch, const HttpAnswer& answer) override {
        const auto said = read_hec_answer(answer.body);
        if (!said || said->code != 0)
            return {"the answer makes no sense: " + excerpt(answer.body), true};
        if (!said->acknowledgement) {
            mark(batch, Parcel::State::arrived);
            return {};
        }
        // From now on the mark is the id: it cannot be mixed up, as the parcels do not wait.
        for (Parcel* parcel : batch) parcel->mark = *said->acknowledgement;
        asked_since_ = Clock::now();
        return {};
    }

    bool is_of_content(const HttpAnswer& answer) const override {
        // Invalid data format, event field missing or blank, error in indexed fields.
        constexpr std::int64_t codes[] = {6, 12, 13, 15};
        const auto said = read_hec_answer(answer.body);
        return said && std::find(std::begin(codes), std::end(codes), said->code) != std::end(codes);
    }

    // What stands before the invalid event was taken, and is marked when it comes again.
    Outcome refused(Batch batch, const HttpAnswer& answer) override {
        const auto said = read_hec_answer(answer.body);
        if (!said || !said->invalid_event || *said->invalid_event >= batch.size())
            return HttpCarrier::refused(batch, answer);
        for (Parcel* parcel : batch) {
            parcel->state = Parcel::State::waiting;
            parcel->redelivered = true;
            parcel->mark = 0;
        }
        batch[*said->invalid_event]->state = Parcel::State::refused;
        return {"an event is refused: " + said->text, false};
    }

    static bool waits_for_acknowledgement(const Window& window) {
        return std::any_of(window.begin(), window.end(), [](const Parcel& parcel) {
            return parcel.state == Parcel::State::sent;
        });
    }

    /// Asks which batches were indexed.
    Outcome idle(Window& window, const Patience& patience) override {
        std::vector<std::uint64_t> ids;
        for (const Parcel& parcel : window) {
            if (parcel.state == Parcel::State::sent && (ids.empty() || ids.back() != parcel.mark))
                ids.push_back(parcel.mark);
        }
        if (ids.empty()) return {};
        std::string question = "{\"acks\":[";
        for (const std::uint64_t id : ids)
            question += (question.back() == '[' ? "" : ",") + std::to_string(id);
        question += "]}";
        const HttpAnswer answer = post_.post(acknowledge_url_, question, headers_, patience);
        if (!answer.trouble.empty()) return {answer.trouble, true};
        const auto acknowledged = read_hec_acknowledgements(answer.body);
        if (answer.status != 200 || !acknowledged)
            return {"acknowledgements: " + status_text(answer), true};
        for (Parcel& parcel : window) {
            if (parcel.state == Parcel::State::sent &&
                std::find(acknowledged->begin(), acknowledged->end(), parcel.mark) !=
                    acknowledged->end()) {
                parcel.state = Parcel::State::arrived;
                asked_since_ = Clock::now();
            }
        }
        if (!waits_for_acknowledgement(window)) return {};
        if (Clock::now() - asked_since_ > acknowledge_wait_max)
            return {"events were taken, but not acknowledged", true};
        for (int slices = 0; slices < 10 && !patience.over(); ++slices)
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return {};
    }

    /// Seconds since 1970 with six decimals, of an ISO 8601 timestamp in UTC.
    static std::string epoch(std::string_view timestamp) {
        std::tm time{};
        if (timestamp.size() < 26 || strptime(std::string(timestamp.substr(0, 19)).c_str(),
                                              "%Y-%m-%dT%H:%M:%S", &time) == nullptr)
            return "0";
        return std::to_string(timegm(&time)) + std::string(timestamp.substr(19, 7));
    }

    static std::string random_uuid() {
        std::random_device random;
        unsigned char bytes[16];
        for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random());
        bytes[6] = static_cast<unsigned char>(0x40 | (bytes[6] & 0x0f));
        bytes[8] = static_cast<unsigned char>(0x80 | (bytes[8] & 0x3f));
        std::string text;
        for (std::size_t i = 0; i < sizeof bytes; ++i) {
            if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
            text += "0123456789abcdef"[bytes[i] >> 4];
            text += "0123456789abcdef"[bytes[i] & 15];
        }
        return text;
    }

    static constexpr std::chrono::seconds acknowledge_wait_max{60};

    std::string host_, channel_, acknowledge_url_;
    Clock::time_point asked_since_;
};

/// `create` with our event id as `_id`: what comes twice is there once.
class Elasticsearch final : public HttpCarrier {
public:
    Elasticsearch(const Output& output, std::string token_header)
        : HttpCarrier(output, std::move(token_header)) {
        headers_.push_back("Content-Type: application/x-ndjson");
    }

private:
    void append(const Parcel& parcel, std::string& out) const override {
        const Event event = parcel.event();
        JsonWriter json(out);
        json.open("create");
        json.text("_id", event.id);
        json.close();
        json.close_even_if_empty();
        out += '\n';
        out += event.line;
        out += '\n';
    }

    Outcome understand(Batch batch, const HttpAnswer& answer) override {
        const auto said = read_bulk_answer(answer.body);
        if (!said || said->statuses.size() != batch.size())
            return {"the answer makes no sense: " + excerpt(answer.body), true};
        bool again = false;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const int status = said->statuses[i];
            if (status == 429 || status >= 500) {
                again = true;
            } else {
                // 409: it is there already.
                batch[i]->state =
                    status < 300 || status == 409 ? Parcel::State::arrived : Parcel::State::refused;
            }
        }
        if (said->complaint.empty()) return {again ? "some events were put off" : "", again};
        return {
            "some events are " + std::string(again ? "put off: " : "refused: ") + said->complaint,
            again};
    }
};

/// INSERT … FORMAT JSONEachRow, with a token that lets the server recognise a batch.
class ClickHouse final : public HttpCarrier {
public:
    ClickHouse(const Output& output, std::string token_header)
        : HttpCarrier(output, std::move(token_header)) {
        headers_.push_back("Content-Type: application/x-ndjson");
    }

private:
    void append(const Parcel& parcel, std::string& out) const override {
        out += parcel.event().line;
        out += '\n';
    }
    std::string url_for(Batch batch) const override {
        const Event first = batch.front()->event(), last = batch.back()->event();
        return url_ + "&insert_deduplication_token=" + std::string(first.id) + '-' +
               std::string(last.id) + '-' + std::to_string(batch.size());
    }
    // "Code: 27. DB::Exception: …": text, quoted string, date, number or data that do not parse.
    bool is_of_content(const HttpAnswer& answer) const override {
        constexpr std::string_view codes[] = {"6", "26", "27", "38", "41", "72", "117"};
        return std::any_of(std::begin(codes), std::end(codes), [&](std::string_view code) {
            return answer.body.starts_with("Code: " + std::string(code) + ".");
        });
    }
    Outcome understand(Batch batch, const HttpAnswer& answer) override {
        // An insert that went well has nothing to say; one that fails late says so with a 200.
        if (!answer.body.empty())
            return {"the answer makes no sense: " + excerpt(answer.body), true};
        mark(batch, Parcel::State::arrived);
        return {};
    }
};

HttpKind kind_by_path(const std::string& path) {
    if (path.starts_with("/services/collector")) return HttpKind::splunk_hec;
    if (path.find("/_bulk") != std::string::npos) return HttpKind::elasticsearch;
    if (path.find("query=") != std::string::npos) return HttpKind::clickhouse;
    return HttpKind::by_path;
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

std::unique_ptr<Sink> open_http(const Output& output, const Sender& sender) {
    const OutputUrl url = read_output_url(output.to);
    const auto refuse = [&](const char* what) {
        throw SinkError("output " + output.to + ": " + what);
    };
    if (url.host.empty()) refuse("expected https://HOST/PATH");
    const HttpKind kind = output.kind == HttpKind::by_path ? kind_by_path(url.path) : output.kind;
    const std::string token = read_token(output);
    if (!token.empty() && url.scheme == "http" && !is_loopback(url.host))
        refuse("the token would travel in the clear; use https://");
    const auto header = [&](const char* scheme) {
        return token.empty() ? std::string() : authorization(token, scheme);
    };
    std::unique_ptr<Carrier> carrier;
    switch (kind) {
        case HttpKind::splunk_hec:
            carrier = std::make_unique<SplunkHec>(output, sender, header("Splunk"));
            break;
        case HttpKind::elasticsearch:
            carrier = std::make_unique<Elasticsearch>(output, header("ApiKey"));
            break;
        case HttpKind::clickhouse:
            if (url.path.find("query=") == std::string::npos)
                refuse("expected ?query=INSERT+INTO+TABLE+FORMAT+JSONEachRow");
            carrier = std::make_unique<ClickHouse>(output, header("Bearer"));
            break;
        case HttpKind::by_path:
            refuse(
                "the path does not tell what is there; set kind to splunk-hec, elasticsearch or "
                "clickhouse");
    }
    return std::make_unique<NetworkSink>(output, std::move(carrier));
}

}  // namespace umbratap::report
