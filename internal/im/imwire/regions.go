package imwire

import "slices"

// Region is a data centre, by the name that the configuration uses.
type Region struct {
	Name string // as in the configuration
	Host string // without scheme
}

// The hosts are those of the vendor's page "Setting Global Mute" (2025-10-23).
// An app answers on the host of its own data centre only (code 60026).
var regions = [...]Region{
	{"china", "console.tim.qq.com"},
	{"singapore", "adminapisgp.im.qcloud.com"},
	{"seoul", "adminapikr.im.qcloud.com"},
	{"tokyo", "adminapijpn.im.qcloud.com"},
	{"frankfurt", "adminapiger.im.qcloud.com"},
	{"silicon-valley", "adminapiusa.im.qcloud.com"},
	{"jakarta", "adminapiidn.im.qcloud.com"},
}

// Regions lists the regions in the vendor's order.
func Regions() []Region { return slices.Clone(regions[:]) }

// HostOf is the host of the named region.
func HostOf(region string) (host string, ok bool) {
	for _, r := range regions {
		if r.Name == region {
			return r.Host, true
		}
	}
	return "", false
}
