# What is wrong with the block design that a script has built, and with what it left behind.

proc judge {} {
    dict for {cell facts} $::v::cells {
        lassign [ends_of $cell] pins faces
        dict for {name pin} $pins {
            if {[lindex $pin 0] eq "in" && ![dict exists $::v::net_of $cell/$name]} { fault "input without a driver: $cell/$name" }
        }
        dict for {name face} $faces {
            if {![dict exists $::v::link_of $cell/$name]} { fault "interface without a link: $cell/$name" }
        }
        if {[is_ps $cell] && ![dict get $facts preset]} { fault "no board preset for $cell" }
        if {[dict get $facts vlnv] eq "xilinx.com:ip:axi_dma"} { judge_dma $cell [dict get $facts settings] }
        if {[dict get $facts vlnv] eq "xilinx.com:ip:clk_wiz"} { judge_clocking $cell [dict get $facts settings] }
    }
    if {![llength [lsearch -all -inline -regexp [dict keys $::v::cells] {^(processing_system7|zynq_ultra_ps_e)_}]]} {
        fault "no processing system"
    }
    foreach net $::v::nets { judge_net $net }
    dict for {one other} $::v::link_of { judge_clocks $one $other; judge_segment $one }
    if {![is_done assign_bd_address]} { fault "no address for the DMA: assign_bd_address is never called alone" }
    foreach {asked used words} {board board_set "the board files" ip ip_used "the IP"} {
        if {[lookup $asked] ni [list "" [lookup $used]]} { fault "$words asked for are others than those used: '[lookup $asked]'" }
    }
    judge_network
    judge_files
}
# a network that is an IP of its own is linked to the accelerator alone, and reset by it
proc judge_network {} {
    if {$::v::network eq ""} { return }
    set cells [dict keys $::v::cells]
    set shells [lmap cell $cells { expr {[vlnv_of $cell] eq $::v::accelerator ? $cell : [continue]} }]
    set networks [lmap cell $cells { expr {[vlnv_of $cell] eq $::v::network ? $cell : [continue]} }]
    foreach {found words} [list $shells accelerator $networks network] {
        if {[llength $found] != 1} { fault "[llength $found] cells of the $words, wanted one"; return }
    }
    lassign [list {*}$shells {*}$networks] shell network
    foreach {one other} {NET_IN s_data NET_OUT m_data} {
        set face $shell/$one
        set link [expr {[dict exists $::v::link_of $face] ? [dict get $::v::link_of $face] : "nothing"}]
        if {$link ne "$network/$other"} { fault "$face is linked to $link, wanted $network/$other" }
    }
    if {![dict exists $::v::net_of $network/ap_rst_n]} { return }
    set net [lindex $::v::nets [dict get $::v::net_of $network/ap_rst_n]]
    if {"$shell/net_rst_n" ni $net} { fault "$network/ap_rst_n is reset by [lindex $net 0], wanted $shell/net_rst_n" }
}
proc lookup {what} { expr {[dict exists $::v::asked $what] ? [dict get $::v::asked $what] : ""} }
proc is_ps {cell} { regexp {:(processing_system7|zynq_ultra_ps_e)$} [vlnv_of $cell] }
proc judge_dma {cell settings} {
    dict with settings {
        set bits [expr {[llength [lsearch -all [dict keys $::v::cells] zynq_ultra_ps_e_*]] ? 40 : 32}]
        if {$c_addr_width != $bits} { fault "addresses of $cell are $c_addr_width bits, those of the PS's memory $bits" }
        if {$c_sg_length_width != 26} { fault "transfer length of $cell is $c_sg_length_width bits, wanted 26" }
        if {$c_m_axis_mm2s_tdata_width > $c_m_axi_mm2s_data_width} { fault "stream of $cell is wider than its memory side: MM2S" }
        if {$c_s_axis_s2mm_tdata_width > $c_m_axi_s2mm_data_width} { fault "stream of $cell is wider than its memory side: S2MM" }
    }
}
proc judge_clocking {cell settings} {
    dict with settings {
        if {$CLKOUT1_REQUESTED_OUT_FREQ != $::v::mhz} { fault "$cell gives $CLKOUT1_REQUESTED_OUT_FREQ MHz, wanted $::v::mhz" }
        if {$PRIM_SOURCE ne "No_buffer"} { fault "$cell wants a clock from a pin of the part: PRIM_SOURCE is $PRIM_SOURCE" }
    }
}
proc judge_net {net} {
    set drivers [lmap pin $net { expr {[lindex [end_of 0 $pin] 0] eq "out" ? $pin : [continue]} }]
    if {![llength $drivers]} { fault "net without a driver: $net"; return }
    if {[llength $drivers] > 1} { fault "net of two drivers: $drivers" }
    set driver [lindex $drivers 0]
    lassign [end_of 0 $driver] direction kind width
    foreach pin $net {
        lassign [end_of 0 $pin] way wanted bits
        if {$way ne "in"} { continue }
        if {$wanted ne $kind} { fault "$wanted pin is driven by a $kind pin: $pin by $driver" }
        if {$bits ne "any" && $bits != $width} { fault "pin of $bits bits is driven by $width: $pin by $driver" }
    }
}
proc clock_net {face} {
    set clock [lindex [end_of 1 $face] 3]
    set pin [lindex [split $face /] 0]/$clock
    return [expr {[dict exists $::v::net_of $pin] ? [dict get $::v::net_of $pin] : "none"}]
}
proc judge_clocks {one other} {
    if {[lindex [end_of 1 $one] 0] eq "master" && [clock_net $one] ne [clock_net $other]} {
        fault "linked interfaces on two clocks: $one $other"
    }
}
# a register interface has a segment, and the PS reaches it through one smartconnect
proc judge_segment {face} {
    set cell [lindex [split $face /] 0]
    lassign [end_of 1 $face] role type
    if {$role ne "slave" || $type ne "aximm" || [is_ps $cell] || [string match *:smartconnect [vlnv_of $cell]]} { return }
    if {![dict exists $::v::segments $face]} { fault "no address for $face" }
    set switch [lindex [split [dict get $::v::link_of $face] /] 0]
    set masters [dict values [dict filter $::v::link_of key $switch/S*]]
    if {![llength [lsearch -all -inline -regexp $masters {^(processing_system7|zynq_ultra_ps_e)_}]]} {
        fault "not reached from the PS: $face"
    }
}
proc judge_files {} {
    set folder [file dirname $::v::script]
    foreach ending {bit hwh xsa} {
        if {![dict exists $::v::files [file join $folder $::v::name.$ending]]} { fault "the build leaves no $::v::name.$ending beside its script" }
    }
    foreach {command words} {
        report_utilization utilisation report_timing_summary timing report_power power
    } { needs $command "the build leaves no report of $words" }
}
