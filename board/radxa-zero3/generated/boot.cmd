# Made by scripts/board from board/radxa-zero3/board.toml: change that.
# One sector of the partition bootstate holds these three; damaged or missing, both slots are tried.
setenv BOOT_ORDER
setenv BOOT_A_LEFT 3
setenv BOOT_B_LEFT 3
setenv hsv_guard "panic=10 watchdog.open_timeout=60"
${devtype} dev ${devnum}
if part start ${devtype} ${devnum} bootstate hsv_state; then
  if ${devtype} read ${ramdisk_addr_r} ${hsv_state} 1; then
    env import -c ${ramdisk_addr_r} 0x200 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
  fi
fi
if test "${BOOT_ORDER}" = "A B" || test "${BOOT_ORDER}" = "B A" || test "${BOOT_ORDER}" = A || test "${BOOT_ORDER}" = B; then true; else setenv BOOT_ORDER "A B"; fi
setenv hsv_slot
for slot in ${BOOT_ORDER} A B; do
  if test -n "${hsv_slot}"; then true
  elif test "${slot}" = A && test 0x${BOOT_A_LEFT} -gt 0; then
    setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
    setenv hsv_slot A
  elif test "${slot}" = B && test 0x${BOOT_B_LEFT} -gt 0; then
    setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
    setenv hsv_slot B
  fi
done
setenv hsv_save 1
if test -n "${hsv_slot}"; then true; else
  echo "hsv: no slot has a try left"
  setenv hsv_guard "panic=0 hsv.boot=last-resort"
  if test "${BOOT_ORDER}" = "A B"; then
    setenv hsv_slot A
    setenv BOOT_ORDER "B A"
  elif test "${BOOT_ORDER}" = "B A"; then
    setenv hsv_slot B
    setenv BOOT_ORDER "A B"
  else
    setenv hsv_slot ${BOOT_ORDER}
    setenv hsv_save
  fi
fi
if test -n "${hsv_save}"; then
  env export -c -s 0x200 ${ramdisk_addr_r} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
  ${devtype} write ${ramdisk_addr_r} ${hsv_state} 1
fi
echo "hsv: slot ${hsv_slot}, order ${BOOT_ORDER}, left A ${BOOT_A_LEFT} B ${BOOT_B_LEFT}"
if test "${hsv_slot}" = A; then
  part number ${devtype} ${devnum} boot-a hsv_part
  setenv bootargs "root=PARTLABEL=root-a rootfstype=erofs ro rootwait rauc.slot=A console=ttyS2,1500000 ${hsv_guard} fsck.repair=yes"
elif test "${hsv_slot}" = B; then
  part number ${devtype} ${devnum} boot-b hsv_part
  setenv bootargs "root=PARTLABEL=root-b rootfstype=erofs ro rootwait rauc.slot=B console=ttyS2,1500000 ${hsv_guard} fsck.repair=yes"
fi
load ${devtype} ${devnum}:${hsv_part} ${kernel_addr_r} Image
setenv hsv_initrd -
if test -e ${devtype} ${devnum}:${hsv_part} initrd; then
  load ${devtype} ${devnum}:${hsv_part} ${ramdisk_addr_r} initrd
  setenv hsv_initrd ${ramdisk_addr_r}:${filesize}
fi
load ${devtype} ${devnum}:${hsv_part} ${fdt_addr_r} rk3566-radxa-zero3.dtb
setenv hsv_tree ${fdt_addr_r}
if fdt addr ${fdt_addr_r} && fdt resize 0x1000; then
  fdt set /watchdog@fe600000 status okay
  if fdt get value hsv_pins /fiq-debugger pinctrl-0; then
    fdt set /serial@fe660000 pinctrl-0 "<${hsv_pins}>"
    fdt rm /fiq-debugger
  fi
  fdt set /serial@fe660000 status okay
  if fdt get value hsv_cells /reserved-memory '#size-cells'; then true; else
    fdt mknode / reserved-memory
    fdt set /reserved-memory '#address-cells' '<0x2>'
    fdt set /reserved-memory '#size-cells' '<0x2>'
    fdt set /reserved-memory ranges
  fi
  setenv hsv_log /reserved-memory/ramoops@110000
  if fdt get value hsv_cells ${hsv_log} compatible; then true; else
    fdt mknode /reserved-memory ramoops@110000
  fi
  fdt set ${hsv_log} compatible ramoops
  fdt set ${hsv_log} reg "<0x0 0x110000 0x0 0xe0000>"
  fdt set ${hsv_log} record-size "<0x4000>"
  fdt set ${hsv_log} console-size "<0x70000>"
  if fdt get value hsv_cells ${hsv_log} console-size; then
    echo "hsv: a crash is kept at ${hsv_log}"
  fi
fi
booti ${kernel_addr_r} ${hsv_initrd} ${hsv_tree}
sleep 5
reset
