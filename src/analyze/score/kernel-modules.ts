/**
 * Families of modules in the kernel's own tree that load on demand: packet filters, socket diagnosis, file systems,
 * ciphers, network devices and protocols, block devices, buses and virtual hardware. A name can be chosen by an
 * intruder, so that belonging to a family lowers what a row says and never excuses it.
 * Source: MODULE_ALIAS declarations and directories net/, fs/, crypto/ and drivers/ of Linux 6.x.
 */
const FAMILY = new RegExp(
  `^(?:${[
    'nf_\\w+|nft_\\w+|nfnetlink\\w*|xt_\\w+|x_tables|ip6?_tables|ip6?table_\\w+|ip6?t_\\w+|ebt\\w+|arp_?t\\w+|ip_set\\w*|ip_vs\\w*|br_netfilter|bridge|stp|llc',
    '\\w+_diag|sch_\\w+|cls_\\w+|act_\\w+|tcp_\\w+|ip6?_tunnel|tunnel[46]|ip6?_gre|gre|ipip|sit|esp[46]|ah[46]|xfrm\\w*|af_\\w+|vxlan|geneve|veth|tun|tap|macvlan|ipvlan|8021q|bonding|team|dummy|ifb|wireguard|sctp|dccp|rds|tls|vsock\\w*|vmw_vsock\\w*|vhost\\w*|udp_tunnel|ip6_udp_tunnel',
    'ext[234]|xfs|btrfs|f2fs|fuse|overlay|squashfs|isofs|udf|vfat|fat|msdos|exfat|ntfs3?|nls_\\w+|nfs\\w*|netfs|fscache|cachefiles|dns_resolver|lockd|grace|sunrpc|rpcsec_\\w+|auth_rpcgss|cifs\\w*|ceph|libceph|autofs4?|binfmt_misc|configfs|pstore\\w*|efivarfs|hfs(?:plus)?|jfs|reiserfs|zfs|spl',
    'aes\\w*|sha\\d\\w*|sm[34]\\w*|crc\\w+|libcrc32c|ghash\\w*|gcm|ccm|cmac|ctr|cbc|ecb|xts|des\\w*|blowfish\\w*|twofish\\w*|camellia\\w*|serpent\\w*|chacha\\w*|libchacha\\w*|poly1305\\w*|libpoly1305|curve25519\\w*|cryptd|crypto_\\w+|algif_\\w+|\\w+_generic|zstd\\w*|lz4\\w*|lzo\\w*|xor|raid6_pq|polyval\\w*|essiv|authenc\\w*|echainiv|seqiv',
    'loop|dm_\\w+|md_mod|raid\\d+|linear|nbd|zram|sd_mod|sr_mod|cdrom|sg|st|scsi_\\w+|libata|ata_\\w+|ahci|libahci|nvme\\w*|mmc_\\w+|usb\\w*|uas|xhci\\w*|ehci\\w*|hid\\w*|i2c\\w*|i8042|psmouse|input\\w*|evdev|joydev|serio\\w*|button|ac|battery|acpi\\w*|thermal\\w*|rapl|intel_\\w+|kvm\\w*|msr|cpuid|ptp\\w*|pps_core|rtc\\w*|watchdog|softdog|drm\\w*|ttm|cirrus|bochs|fb_\\w+|snd\\w*|soundcore|parport\\w*|ppdev|lp|floppy|pcspkr|virtio\\w*|xen\\w*|hv_\\w+|hyperv\\w*|vmw\\w*|ena|ixgbevf|e1000e?|igb|i40e|iavf|mlx\\w+|gve|efa|ib_\\w+|rdma\\w*|iw_cm'
  ].join('|')})\\d?$`
)

/** Whether a kernel module's name belongs to a family that Linux loads on demand. Linear in the name. */
export function isOnDemandModule(name: string): boolean {
  return name.length <= 64 && FAMILY.test(name.replaceAll('-', '_'))
}
