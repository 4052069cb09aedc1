-- What agenthost_supportgenie/shop.db holds, to be read and changed here; then:
--   rm agenthost_supportgenie/shop.db && sqlite3 agenthost_supportgenie/shop.db < shop.sql
-- A database of your own needs these tables; leave `clock` empty, and the real day counts.

CREATE TABLE clock (today TEXT NOT NULL);  -- the day that this data is of
CREATE TABLE customers (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, tier TEXT NOT NULL, plan TEXT NOT NULL
);
CREATE TABLE products (
  sku TEXT PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, cents INTEGER NOT NULL,
  warranty_months INTEGER NOT NULL, stock INTEGER NOT NULL, summary TEXT NOT NULL
);
CREATE TABLE orders (
  id TEXT PRIMARY KEY, customer TEXT NOT NULL REFERENCES customers, sku TEXT NOT NULL REFERENCES products,
  cents INTEGER NOT NULL, placed TEXT NOT NULL, status TEXT NOT NULL, delivered TEXT, tracking TEXT
);
CREATE VIRTUAL TABLE articles USING fts5(kind UNINDEXED, title, words, text, tokenize = 'porter unicode61');

INSERT INTO clock VALUES
  ('2025-11-21');

INSERT INTO customers VALUES
  ('C-1001', 'Sarah Johnson', 'sarah.johnson@example.com', 'Gold', 'Plus'),
  ('C-1002', 'Miguel Torres', 'miguel.torres@example.com', 'Silver', 'Plus'),
  ('C-1003', 'Aisha Khan', 'aisha.khan@example.com', 'Standard', 'none'),
  ('C-1004', 'Tom Becker', 'tom.becker@example.com', 'Standard', 'Basic'),
  ('C-1005', 'Lena Novak', 'lena.novak@example.com', 'Gold', 'Basic');

INSERT INTO products VALUES
  ('LT-13', 'Aero 13 laptop', 'laptop', 89900, 24, 14, '13 inches, 1.1 kg, 8 GB, for studies and travel'),
  ('LT-15', 'Aero 15 laptop', 'laptop', 119900, 24, 6, '15 inches, 16 GB, for work all day'),
  ('LT-16P', 'Aero 16 Pro laptop', 'laptop', 189900, 36, 2, '16 inches, 32 GB, for video and games'),
  ('PH-1', 'Lumen phone', 'phone', 49900, 24, 31, '6.1 inches, 128 GB, two days of battery'),
  ('PH-2', 'Lumen Max phone', 'phone', 69900, 24, 9, '6.7 inches, 256 GB, a better camera'),
  ('TB-1', 'Slate tablet', 'tablet', 32900, 24, 18, '10 inches, 64 GB, with a pen'),
  ('HP-1', 'Hush headphones', 'headphones', 12900, 12, 40, 'over the ear, noise cancelling'),
  ('HP-2', 'Hush Pro headphones', 'headphones', 21900, 24, 0, 'over the ear, noise cancelling, 40 hours'),
  ('MO-27', 'Vista 27 monitor', 'monitor', 27900, 36, 11, '27 inches, QHD'),
  ('RT-6', 'Mesh router', 'router', 15900, 24, 22, 'Wi-Fi 6, for 150 square metres');

INSERT INTO orders VALUES
  ('1001', 'C-1001', 'MO-27', 27900, '2022-08-29', 'delivered', '2022-09-02', 'TR734100'),
  ('1002', 'C-1001', 'TB-1', 32900, '2022-10-08', 'delivered', '2022-10-12', 'TR734101'),
  ('1003', 'C-1001', 'HP-1', 12900, '2022-11-23', 'delivered', '2022-11-27', 'TR734102'),
  ('1004', 'C-1001', 'RT-6', 15900, '2022-12-31', 'delivered', '2023-01-04', 'TR734103'),
  ('1005', 'C-1001', 'TB-1', 32900, '2023-02-25', 'delivered', '2023-03-01', 'TR734104'),
  ('1006', 'C-1001', 'PH-1', 49900, '2023-04-15', 'delivered', '2023-04-19', 'TR734105'),
  ('1007', 'C-1001', 'PH-1', 49900, '2023-05-23', 'delivered', '2023-05-27', 'TR734106'),
  ('1008', 'C-1001', 'RT-6', 15900, '2023-07-15', 'delivered', '2023-07-19', 'TR734107'),
  ('1009', 'C-1001', 'MO-27', 27900, '2023-09-04', 'delivered', '2023-09-08', 'TR734108'),
  ('1010', 'C-1001', 'LT-13', 89900, '2023-10-29', 'delivered', '2023-11-02', 'TR734109'),
  ('1011', 'C-1001', 'RT-6', 15900, '2023-12-09', 'delivered', '2023-12-13', 'TR734110'),
  ('1012', 'C-1001', 'MO-27', 27900, '2024-02-03', 'delivered', '2024-02-07', 'TR734111'),
  ('1013', 'C-1001', 'LT-13', 89900, '2024-03-20', 'delivered', '2024-03-24', 'TR734112'),
  ('1014', 'C-1001', 'LT-13', 89900, '2024-05-16', 'delivered', '2024-05-20', 'TR734113'),
  ('1015', 'C-1001', 'TB-1', 32900, '2024-06-25', 'delivered', '2024-06-29', 'TR734114'),
  ('1016', 'C-1001', 'HP-1', 12900, '2024-08-12', 'delivered', '2024-08-16', 'TR734115'),
  ('1017', 'C-1001', 'TB-1', 32900, '2024-09-30', 'delivered', '2024-10-04', 'TR734116'),
  ('1018', 'C-1001', 'TB-1', 32900, '2024-11-15', 'delivered', '2024-11-19', 'TR734117'),
  ('1019', 'C-1001', 'RT-6', 15900, '2024-12-26', 'delivered', '2024-12-30', 'TR734118'),
  ('1020', 'C-1001', 'PH-1', 49900, '2025-02-22', 'delivered', '2025-02-26', 'TR734119'),
  ('1021', 'C-1001', 'HP-1', 12900, '2025-04-04', 'delivered', '2025-04-08', 'TR734120'),
  ('1022', 'C-1001', 'LT-15', 119900, '2025-10-28', 'delivered', '2025-11-01', 'TR734122'),
  ('1023', 'C-1002', 'LT-13', 89900, '2025-09-12', 'delivered', '2025-09-16', 'TR734123'),
  ('1024', 'C-1003', 'HP-1', 12900, '2025-10-19', 'delivered', '2025-10-24', 'TR734124'),
  ('1025', 'C-1004', 'LT-16P', 189900, '2025-11-09', 'delivered', '2025-11-12', 'TR734125'),
  ('1030', 'C-1005', 'TB-1', 32900, '2024-10-17', 'delivered', '2024-10-21', 'TR734130'),
  ('1031', 'C-1001', 'HP-1', 12900, '2025-10-02', 'delivered', '2025-10-07', 'TR734131'),
  ('1032', 'C-1002', 'PH-2', 69900, '2025-11-05', 'shipped', NULL, 'TR734132'),
  ('1039', 'C-1005', 'RT-6', 15900, '2025-11-07', 'shipped', NULL, 'TR734139'),
  ('1040', 'C-1001', 'MO-27', 27900, '2025-11-15', 'shipped', NULL, 'TR734140'),
  ('1041', 'C-1003', 'PH-1', 49900, '2025-11-19', 'processing', NULL, NULL),
  ('1042', 'C-1001', 'LT-13', 89900, '2025-11-20', 'processing', NULL, NULL);

INSERT INTO articles VALUES
  ('policy', 'Returns', 'return returns policy send back exchange defective broken damaged wrong item options', 'You can return anything within 30 days of its delivery, Gold customers within 60. Something that arrived defective is replaced, repaired or refunded, as you choose, and we pay for the way back. Name the order number and we send a label.'),
  ('policy', 'Refunds', 'refund refunds money back reimbursement', 'A refund goes to the way you paid, within 5 business days after the item is back. Up to the limit of the shop it is approved at once; above it a senior colleague looks at it.'),
  ('policy', 'Delivery', 'delivery shipping ship countries costs postage pick up parcel', 'We deliver to the EU, the UK, the US and Canada. Standard delivery takes 3 to 5 business days and is free above $50; express takes 1 to 2 and costs $9.'),
  ('policy', 'Warranty', 'warranty guarantee cover covers repair', 'The warranty covers faults of material and make: 24 months for most devices, 36 for monitors and Pro laptops, 12 for Hush headphones. It does not cover drops and water.'),
  ('policy', 'Loyalty programme', 'loyalty programme tier gold silver points benefits member', 'Silver begins with 5 orders and Gold with 20. Gold customers return within 60 days, ship free and are called back first.'),
  ('policy', 'Privacy', 'privacy data gdpr personal delete my', 'We keep what an order needs and nothing else. Settings, Privacy, Delete my data removes the rest within 30 days.'),
  ('policy', 'Opening hours', 'opening hours open closed store contact phone reach', 'People answer from Monday to Friday, 8 to 20, and on Saturday, 9 to 14. The genie is always there.'),
  ('howto', 'Reset a password', 'reset password forgot forgotten login log sign in locked', '1. Choose Forgot password on the page where you log in. 2. Enter your email address. 3. Open the link in our mail within 30 minutes; look into the spam folder, too. 4. Choose a new password of at least 12 characters.'),
  ('howto', 'Track an order', 'track tracking order parcel package where status follow', '1. Log in and open Orders. 2. Choose the order, then Track. Without an account, use the link in the mail that told you of its dispatch. With the order number I can look it up, too.'),
  ('howto', 'Change an email address', 'change email address account username profile name', '1. Open Settings, Account. 2. Choose Edit beside the address. 3. Confirm by the link that we send to the new one.'),
  ('howto', 'Close an account', 'close delete account remove', 'Open Settings, Account, Close account. Orders under way are still delivered; invoices are kept as the law asks.'),
  ('howto', 'Verify an identity', 'verify identity documents student passport verification', 'Open Settings, Verification and photograph a passport, an identity card or a student card. It takes an hour at most.'),
  ('howto', 'Notifications and newsletter', 'newsletter unsubscribe notifications settings mails language', 'Open Settings, Notifications: every kind of mail has its own switch. The language is beside it.'),
  ('guide', 'A device does not turn on', 'turn on start boot power laptop phone tablet dead black charge charging', '1. Leave it on its own charger for 20 minutes. 2. Take off everything that is plugged in. 3. Hold the power button for 15 seconds, let go, and press it again. 4. If a light shows but no picture, connect a monitor. If nothing shows at all, the power supply is probably at fault: that is a matter for the warranty.'),
  ('guide', 'An app or a device crashes', 'crash crashes crashing freeze freezes frozen app open opening close closes stuck loading software', '1. Install all updates of the app and the system. 2. Restart the device. 3. Clear the app''s cache: Settings, Apps, Storage. 4. If it still crashes, remove the app and install it again; what is in your account is kept. 5. Tell us what stands in the crash report.'),
  ('guide', 'A screen has a fault', 'screen pixel pixels dead flicker flickers display line lines touch respond picture', '1. Restart, and see whether the fault shows before the system starts. 2. Connect another monitor: if the fault is not there, it is the screen. 3. For a dead pixel, let a pixel test run for 20 minutes. 4. One dead pixel in the middle, three anywhere, or a line: the warranty replaces the screen.'),
  ('guide', 'A device arrived defective', 'defective broken faulty damaged hardware arrived received received options replacement', '1. Photograph the fault and the packaging. 2. Try what we have for it: charger, restart, update. 3. If it is still defective, it is hardware: within 30 days you can have it replaced, later the warranty repairs it. Have the serial number ready.'),
  ('guide', 'The battery drains or gets hot', 'battery drain drains hot heat overheat overheats charging charge', '1. Look into Settings, Battery for the app that uses most. 2. Lower the brightness. 3. Charge with the original charger on something hard. Below 80 % of its capacity within 24 months the warranty replaces it.'),
  ('guide', 'No Wi-Fi, or a slow one', 'wifi wi-fi wireless internet network connection connect router slow drops vpn website load', '1. Restart the router, and wait for two minutes. 2. Forget the network on the device and join it again. 3. Try the 5 GHz band near the router. 4. If one device alone has it, update its system.'),
  ('guide', 'Bluetooth does not pair', 'bluetooth pair pairing headphones connect sound speaker audio left keyboard', '1. Hold the button of the headphones for 7 seconds, until the light blinks blue and white. 2. Remove them from the device''s list and pair again. 3. No sound: choose them as output, and try the other ear alone.'),
  ('guide', 'An update fails', 'update upgrade install installation firmware fails failed stuck percent restarting sync', '1. Have 10 GB free and the charger plugged in. 2. Wait for 30 minutes. 3. Restart by holding power for 15 seconds; the update takes itself back. 4. Update by cable from a computer.'),
  ('guide', 'Error codes', 'error errors code message 503 500 timeout dashboard api bug log login', '1. Note the code and when it came. 2. 5xx is on our side: try again after ten minutes. 3. 4xx: log out and in again, and clear the browser''s cache. 4. If it stays, send us the code and a picture of it.');
