# What the checker knows of each IP: its settings with defaults, its pins and its interfaces under those settings.
# Typed in from the manuals of the IPs (PG021, PG099, PG065, PG164, PG247, UG585, UG1085), apart from the generator.
#
# A pin is {direction kind width}: in or out; clk, rst, irq or data. An optional input may stay open.
# An interface is {role type width clock}: master or slave; aximm or axis; the pin that clocks it.

namespace eval cells {
    variable known {}
    variable accelerator {}
    variable network {}

    # name of the IP, its settings as a dict of defaults, and a body that calls pin and face with $c as settings
    proc ip {vlnv settings body} {
        variable known
        dict set known $vlnv [list $settings $body]
    }
    proc is_known {vlnv} { variable known; dict exists $known $vlnv }
    proc defaults {vlnv} { variable known; lindex [dict get $known $vlnv] 0 }

    # dict of pins and dict of interfaces of an IP under settings c
    proc ends {vlnv c} {
        variable known
        variable pins {}
        variable faces {}
        apply [list c [lindex [dict get $known $vlnv] 1] ::cells] $c
        return [list $pins $faces]
    }
    proc pin {name direction kind {width 1}} { variable pins; dict set pins $name [list $direction $kind $width] }
    proc face {name role type width clock} { variable faces; dict set faces $name [list $role $type $width $clock] }

    ip xilinx.com:ip:processing_system7 {
        PCW_USE_M_AXI_GP0 0 PCW_USE_S_AXI_HP0 0 PCW_S_AXI_HP0_DATA_WIDTH 64
        PCW_USE_FABRIC_INTERRUPT 0 PCW_IRQ_F2P_INTR 0 PCW_FPGA0_PERIPHERAL_FREQMHZ 50
    } {
        pin FCLK_CLK0 out clk
        pin FCLK_RESET0_N out rst
        if {[dict get $c PCW_USE_M_AXI_GP0]} {
            pin M_AXI_GP0_ACLK in clk
            face M_AXI_GP0 master aximm 32 M_AXI_GP0_ACLK
        }
        if {[dict get $c PCW_USE_S_AXI_HP0]} {
            pin S_AXI_HP0_ACLK in clk
            face S_AXI_HP0 slave aximm [dict get $c PCW_S_AXI_HP0_DATA_WIDTH] S_AXI_HP0_ACLK
        }
        if {[dict get $c PCW_USE_FABRIC_INTERRUPT] && [dict get $c PCW_IRQ_F2P_INTR]} { pin IRQ_F2P in irq }
    }

    ip xilinx.com:ip:zynq_ultra_ps_e {
        PSU__USE__M_AXI_GP0 0 PSU__USE__M_AXI_GP1 0 PSU__USE__M_AXI_GP2 1 PSU__MAXIGP0__DATA_WIDTH 128
        PSU__USE__S_AXI_GP2 0 PSU__SAXIGP2__DATA_WIDTH 128 PSU__USE__IRQ0 1 PSU__FPGA_PL0_ENABLE 1
        PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ 100
    } {
        if {[dict get $c PSU__FPGA_PL0_ENABLE]} { pin pl_clk0 out clk }
        pin pl_resetn0 out rst
        foreach {use bus clock} {
            PSU__USE__M_AXI_GP0 M_AXI_HPM0_FPD maxihpm0_fpd_aclk
            PSU__USE__M_AXI_GP1 M_AXI_HPM1_FPD maxihpm1_fpd_aclk
            PSU__USE__M_AXI_GP2 M_AXI_HPM0_LPD maxihpm0_lpd_aclk
        } {
            if {[dict get $c $use]} { pin $clock in clk; face $bus master aximm 32 $clock }
        }
        if {[dict get $c PSU__USE__S_AXI_GP2]} {
            pin saxihp0_fpd_aclk in clk
            face S_AXI_HP0_FPD slave aximm [dict get $c PSU__SAXIGP2__DATA_WIDTH] saxihp0_fpd_aclk
        }
        if {[dict get $c PSU__USE__IRQ0]} { pin pl_ps_irq0 in irq }
    }

    ip xilinx.com:ip:clk_wiz {
        PRIM_SOURCE Single_ended_clock_capable_pin CLKOUT1_REQUESTED_OUT_FREQ 100.000
        USE_LOCKED true USE_RESET true RESET_TYPE ACTIVE_HIGH RESET_PORT reset
    } {
        pin clk_in1 in clk
        pin clk_out1 out clk
        if {[dict get $c USE_LOCKED]} { pin locked out data }
        # an active-high reset is no reset here: all of ours are active-low
        set kind [expr {[dict get $c RESET_TYPE] eq "ACTIVE_LOW" ? "rst" : "data"}]
        if {[dict get $c USE_RESET]} { pin [dict get $c RESET_PORT] in $kind }
    }

    ip xilinx.com:ip:proc_sys_reset {} {
        pin slowest_sync_clk in clk
        pin ext_reset_in in rst
        pin dcm_locked in data
        pin peripheral_aresetn out rst
        pin interconnect_aresetn out rst
    }

    ip xilinx.com:ip:axi_dma {
        c_include_sg 1 c_sg_include_stscntrl_strm 1 c_sg_length_width 14 c_addr_width 32
        c_include_mm2s 1 c_include_s2mm 1 c_include_mm2s_dre 0 c_include_s2mm_dre 0
        c_m_axi_mm2s_data_width 32 c_m_axis_mm2s_tdata_width 32 c_m_axi_s2mm_data_width 32 c_s_axis_s2mm_tdata_width 32
        c_mm2s_burst_size 16 c_s2mm_burst_size 16
    } {
        pin s_axi_lite_aclk in clk
        pin axi_resetn in rst
        face S_AXI_LITE slave aximm 32 s_axi_lite_aclk
        if {[dict get $c c_include_sg]} {
            pin m_axi_sg_aclk in clk
            face M_AXI_SG master aximm 32 m_axi_sg_aclk
        }
        foreach {side port role} {mm2s M_AXIS_MM2S master s2mm S_AXIS_S2MM slave} {
            if {![dict get $c c_include_$side]} { continue }
            set stream [dict get $c c_[string tolower [string range $port 0 5]]_${side}_tdata_width]
            pin m_axi_${side}_aclk in clk
            pin ${side}_introut out irq
            face M_AXI_[string toupper $side] master aximm [dict get $c c_m_axi_${side}_data_width] m_axi_${side}_aclk
            face $port $role axis $stream m_axi_${side}_aclk
        }
    }

    ip xilinx.com:ip:smartconnect {NUM_SI 2 NUM_MI 1 NUM_CLKS 1} {
        pin aclk in clk
        pin aresetn in rst
        for {set at 0} {$at < [dict get $c NUM_SI]} {incr at} { face [format S%02d_AXI $at] slave aximm any aclk }
        for {set at 0} {$at < [dict get $c NUM_MI]} {incr at} { face [format M%02d_AXI $at] master aximm any aclk }
    }

    ip xilinx.com:ip:axi_intc {C_IRQ_CONNECTION 0} {
        pin s_axi_aclk in clk
        pin s_axi_aresetn in rst
        pin intr in irq any
        # a bus unless set to single
        if {[dict get $c C_IRQ_CONNECTION]} { pin irq out irq } else { face interrupt master interrupt 1 s_axi_aclk }
        face s_axi slave aximm 32 s_axi_aclk
    }

    ip xilinx.com:ip:xlconcat {NUM_PORTS 2} {
        for {set at 0} {$at < [dict get $c NUM_PORTS]} {incr at} { pin In$at in irq }
        pin dout out irq [dict get $c NUM_PORTS]
    }

    # the top that shiftwire writes, as its component.xml describes it; `inner` are two more widths where its network is
    # an IP of its own
    proc add_accelerator {vlnv input output inner} {
        variable accelerator [list $input $output $inner]
        ip $vlnv {} {
            variable accelerator
            pin aclk in clk
            pin aresetn in rst
            face S_AXI slave aximm 32 aclk
            face S_AXIS slave axis [lindex $accelerator 0] aclk
            face M_AXIS master axis [lindex $accelerator 1] aclk
            lassign [lindex $accelerator 2] to from
            if {$to eq ""} { return }
            pin net_rst_n out rst
            face NET_IN master axis $to aclk
            face NET_OUT slave axis $from aclk
        }
    }

    # what Vitis HLS exports of two streams of words, without a protocol of blocks (UG1399, ap_ctrl_none and axis)
    proc add_network {vlnv input output} {
        variable network [list $input $output]
        ip $vlnv {} {
            variable network
            pin ap_clk in clk
            pin ap_rst_n in rst
            face s_data slave axis [lindex $network 0] ap_clk
            face m_data master axis [lindex $network 1] ap_clk
        }
    }
}
