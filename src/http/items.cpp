// Names of the versions.
#include "http/items.h"

namespace umbratap::http {

std::string_view to_string(Version version) noexcept {
    switch (version) {
        case Version::none:
            return "";
        case Version::http_1_0:
            return "1.0";
        case Version::http_1_1:
            return "1.1";
        case Version::http_2:
            return "2";
        case Version::http_3:
            return "3";
    }
    return "";
}

}  // namespace umbratap::http
