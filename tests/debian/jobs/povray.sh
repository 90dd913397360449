cat >s.pov <<'P'
#version 3.7; global_settings { assumed_gamma 1 } camera { location <0,1,-4> look_at 0 } light_source { <2,4,-3> rgb 1 } sphere { 0, 1 pigment { rgb <1,.2,.1> } finish { reflection .2 } } plane { y, -1 pigment { checker rgb 1 rgb .2 } }
P
povray +Is.pov +Oo.png +W80 +H60 -D +WT1 +A0.3 2>/dev/null; echo $?; python3 -c 'import zlib,struct,hashlib; d=open("o.png","rb").read(); i=8; z=b""
while i<len(d):
    n,t=struct.unpack(">I4s",d[i:i+8]); z+=d[i+8:i+8+n] if t==b"IDAT" else b""; i+=12+n
print(hashlib.sha256(zlib.decompress(z)).hexdigest())'
