"""Faults of a build script whose network is an IP of its own, each with a sentence that the checker must say."""

from __future__ import annotations

from script_mutations import Mutation, pin, without

IP = "shiftwire:hls:shiftwire_hls_top:1.0"
RESET_NET = "connect_bd_net" + pin("accel_0/net_rst_n") + pin("net_0/ap_rst_n")


def face(path: str) -> str:
    return f" [get_bd_intf_pins {path}]"


TO_NETWORK = "connect_bd_intf_net" + face("accel_0/NET_IN") + face("net_0/s_data")
FROM_NETWORK = "connect_bd_intf_net" + face("net_0/m_data") + face("accel_0/NET_OUT")

LINKS = (
    without("no link to the network", "accel_0/NET_IN]", "interface without a link: accel_0/NET_IN"),
    without("no link from the network", "accel_0/NET_OUT]", "interface without a link: net_0/m_data"),
    Mutation(
        "a short circuit of the shell",
        f"{TO_NETWORK}\n{FROM_NETWORK}",
        "connect_bd_intf_net" + face("accel_0/NET_IN") + face("accel_0/NET_OUT"),
        "accel_0/NET_IN is linked to accel_0/NET_OUT, wanted net_0/s_data",
    ),
    Mutation(
        "a short circuit of the network",
        f"{TO_NETWORK}\n{FROM_NETWORK}",
        "connect_bd_intf_net" + face("net_0/m_data") + face("net_0/s_data"),
        "accel_0/NET_IN is linked to nothing, wanted net_0/s_data",
    ),
    Mutation("both ways crossed", "net_0/s_data]", "accel_0/NET_OUT]", "interface connected twice: accel_0/NET_OUT"),
    Mutation("two masters at the network", "net_0/s_data]", "net_0/m_data]", "two masters are linked: accel_0/NET_IN"),
    Mutation(
        "the DMA at the network",
        face("accel_0/S_AXIS"),
        face("net_0/s_data"),
        "streams of two widths are linked: axi_dma_0/M_AXIS_MM2S (32) net_0/s_data (16)",
    ),
    Mutation(
        "the network at the DMA",
        face("accel_0/M_AXIS") + face("axi_dma_0/S_AXIS_S2MM"),
        face("net_0/m_data") + face("axi_dma_0/S_AXIS_S2MM"),
        "streams of two widths are linked: net_0/m_data (24) axi_dma_0/S_AXIS_S2MM (64)",
    ),
    Mutation("a port by another's name", "net_0/s_data]", "net_0/in_r]", "no such interface: net_0/in_r"),
    Mutation("a port of older versions", "net_0/m_data]", "net_0/m_data_V]", "no such interface: net_0/m_data_V"),
    Mutation(
        "a stream of the shell by its wires", "accel_0/NET_IN]", "accel_0/net_in]", "no such interface: accel_0/n"
    ),
    Mutation(
        "memory at the network",
        face("accel_0/S_AXI"),
        face("net_0/s_data"),
        "interfaces of two types are linked: sc_ctrl/M01_AXI (aximm) net_0/s_data (axis)",
    ),
)

CLOCKS = (
    Mutation("a network without a clock", pin("net_0/ap_clk"), "", "input without a driver: net_0/ap_clk"),
    Mutation(
        "a network on another clock",
        pin("net_0/ap_clk"),
        f"\nconnect_bd_net{pin('processing_system7_0/FCLK_CLK0')}{pin('net_0/ap_clk')}",
        "linked interfaces on two clocks: accel_0/NET_IN net_0/s_data",
    ),
    without("a network without a reset", "net_0/ap_rst_n", "input without a driver: net_0/ap_rst_n"),
    Mutation(
        "a reset that the registers do not reach",
        RESET_NET,
        "connect_bd_net" + pin("rst_0/peripheral_aresetn") + pin("net_0/ap_rst_n"),
        "net_0/ap_rst_n is reset by rst_0/peripheral_aresetn, wanted accel_0/net_rst_n",
    ),
    Mutation(
        "two resets", RESET_NET, RESET_NET + pin("rst_0/interconnect_aresetn"), "net of two drivers: accel_0/net_rst_n"
    ),
    Mutation(
        "a clock as the reset",
        RESET_NET,
        "connect_bd_net" + pin("clk_wiz_0/clk_out1") + pin("net_0/ap_rst_n"),
        "rst pin is driven by a clk pin: net_0/ap_rst_n by clk_wiz_0/clk_out1",
    ),
    Mutation("a high reset", "net_0/ap_rst_n]", "net_0/ap_rst]", "no such pin: net_0/ap_rst"),
    Mutation("a clock by our name", "net_0/ap_clk]", "net_0/aclk]", "no such pin: net_0/aclk"),
)

IPS = (
    Mutation("no network", f"create_bd_cell -type ip -vlnv {IP} net_0\n", "", "0 cells of the network, wanted one"),
    Mutation(
        "two networks",
        f"create_bd_cell -type ip -vlnv {IP} net_0\n",
        f"create_bd_cell -type ip -vlnv {IP} net_0\ncreate_bd_cell -type ip -vlnv {IP} net_1\n",
        "2 cells of the network, wanted one",
    ),
    Mutation("another version", f"-vlnv {IP} net_0", f"-vlnv {IP[:-3]}2.0 net_0", f"no model of IP {IP[:-3]}2.0"),
    without(
        "the network's IP not asked for", f"get_ipdefs -quiet {IP}", "the IP asked for are others than those used: 'shi"
    ),
    without(
        "the shell's IP not asked for",
        "get_ipdefs -quiet shiftwire:network",
        "the IP asked for are others than those used: 'shi",
    ),
    Mutation(
        "the folder of the network left out",
        " [file join $out net]]",
        "]",
        f"the script stopped: found no IP {IP} in net; Vitis HLS exports it there",
    ),
    Mutation(
        "the folder of the shell left out",
        "[list [file join $out ip] ",
        "[list ",
        "the script stopped: found no IP shiftwire:network:shiftwire:1.0 in ip; it must lie there",
    ),
    Mutation("the folder of another network", "$out net]", "$out nets]", f"the script stopped: found no IP {IP}"),
    Mutation(
        "IPs asked for before the catalogue is read",
        "update_ip_catalog -rebuild\n",
        "",
        "get_ipdefs before update_ip_catalog",
    ),
    Mutation(
        "a setting that is none of the network's",
        f"-vlnv {IP} net_0\n",
        f"-vlnv {IP} net_0\nset_property -dict [list CONFIG.WIDTH {{8}}] [get_bd_cells net_0]\n",
        "no such setting of net_0: CONFIG.WIDTH",
    ),
    Mutation(
        "the runs of IPs are not asked, the network's among them",
        '"*synth_1"',
        '"*accel_0_0_synth_1"',
        "stops without a word of runs/run:shiftwire_net_0_0_synth_1/runme.log",
    ),
    Mutation(
        "the network's log unread", "$::name.runs * runme", "$::name.runs *accel* runme", "a ROM of the network is"
    ),
)

NETWORK_MUTATIONS = (*LINKS, *CLOCKS, *IPS)
