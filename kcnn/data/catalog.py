"""The named datasets: what they contain, how they are stored, where to download them.

Nothing heavy is imported here: `kcnn check` needs shapes and classes, but no images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Format = Literal["npz", "idx", "cifar_binary", "cifar_python"]


@dataclass(frozen=True)
class Download:
    """A file to download.

    Args:
        url: Its address, over HTTPS.
        name: Its file name on disk.
        known_hash: `md5:` or `sha256:` and the hash of the original, in pooch's form; None if no
            hash is published.
        size: Its length in bytes; None if it is not known.
    """

    url: str
    name: str
    known_hash: str | None
    size: int | None


@dataclass(frozen=True)
class Layout:
    """One form in which a dataset is stored on disk.

    Args:
        format: The name of its reader.
        members: Names of the data files. IDX: training images, training labels, test images,
            test labels. CIFAR: the training files, then the test file.
        archive: The tar file that holds the members; None if they are files of the folder.
        folders: Sub-folders that may hold it; an empty name is the folder itself.
        class_names_member: The member with the class names; it may be missing.
    """

    format: Format
    members: tuple[str, ...]
    archive: str | None = None
    folders: tuple[str, ...] = ("",)
    class_names_member: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files that must exist."""
        return self.members if self.archive is None else (self.archive,)


@dataclass(frozen=True)
class NamedDataset:
    """A dataset that a recipe can name.

    Args:
        name: Its name in a recipe.
        title: Its name in texts.
        class_names: One name a class, in the order of the labels.
        image_shape: Height, width and channels.
        train_count: Training images.
        test_count: Test images.
        folders: Names of folders that hold this dataset and no other.
        layouts: The forms in which it may be stored, best first.
        downloads: Its files; none if it comes with scikit-learn.
        download_folder: The sub-folder of the data directory for downloads.
        known_hashes: File name to the hash of the original, `md5:` or `sha256:` before it.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    train_count: int
    test_count: int
    folders: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    downloads: tuple[Download, ...] = ()
    download_folder: str = ""
    known_hashes: Mapping[str, str] = field(default_factory=dict)


_TEN_DIGITS = tuple("0123456789")

_CIFAR100_CLASSES = (
    *("apple", "aquarium_fish", "baby", "bear", "beaver"),
    *("bed", "bee", "beetle", "bicycle", "bottle"),
    *("bowl", "boy", "bridge", "bus", "butterfly"),
    *("camel", "can", "castle", "caterpillar", "cattle"),
    *("chair", "chimpanzee", "clock", "cloud", "cockroach"),
    *("couch", "crab", "crocodile", "cup", "dinosaur"),
    *("dolphin", "elephant", "flatfish", "forest", "fox"),
    *("girl", "hamster", "house", "kangaroo", "keyboard"),
    *("lamp", "lawn_mower", "leopard", "lion", "lizard"),
    *("lobster", "man", "maple_tree", "motorcycle", "mountain"),
    *("mouse", "mushroom", "oak_tree", "orange", "orchid"),
    *("otter", "palm_tree", "pear", "pickup_truck", "pine_tree"),
    *("plain", "plate", "poppy", "porcupine", "possum"),
    *("rabbit", "raccoon", "ray", "road", "rocket"),
    *("rose", "sea", "seal", "shark", "shrew"),
    *("skunk", "skyscraper", "snail", "snake", "spider"),
    *("squirrel", "streetcar", "sunflower", "sweet_pepper", "table"),
    *("tank", "telephone", "television", "tiger", "tractor"),
    *("train", "trout", "tulip", "turtle", "wardrobe"),
    *("whale", "willow_tree", "wolf", "woman", "worm"),
)

_IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_GZIPPED_IDX_FILES = tuple(f"{name}.gz" for name in _IDX_FILES)

_DIGITS = NamedDataset(
    name="digits",
    title="Handwritten digits of scikit-learn",
    class_names=_TEN_DIGITS,
    image_shape=(8, 8, 1),
    train_count=1437,
    test_count=360,
)

_MNIST = NamedDataset(
    name="mnist",
    title="MNIST handwritten digits",
    class_names=_TEN_DIGITS,
    image_shape=(28, 28, 1),
    train_count=60_000,
    test_count=10_000,
    folders=("mnist", "MNIST"),
    layouts=(
        Layout("npz", ("mnist.npz",)),
        Layout("idx", _IDX_FILES, folders=("", "raw")),
        Layout("idx", _GZIPPED_IDX_FILES, folders=("", "raw")),
    ),
    downloads=(
        Download(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
            "mnist.npz",
            "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            11_490_434,
        ),
    ),
    known_hashes={
        "mnist.npz": "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
        "train-images-idx3-ubyte": "md5:6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "md5:a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "md5:2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "md5:27ae3e4e09519cfbb04c329615203637",
    },
)

_ZALANDO = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"

_FASHION_MNIST_DOWNLOADS = (
    Download(
        f"{_ZALANDO}/train-images-idx3-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        26_421_880,
    ),
    Download(
        f"{_ZALANDO}/train-labels-idx1-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "md5:25c81989df183df01b3e8a0aad5dffbe",
        29_515,
    ),
    Download(
        f"{_ZALANDO}/t10k-images-idx3-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "md5:bef4ecab320f06d8554ea6380940ec79",
        4_422_102,
    ),
    Download(
        f"{_ZALANDO}/t10k-labels-idx1-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "md5:bb300cfdad3c16e7a12a480ee83cd310",
        5_148,
    ),
)

_FASHION_MNIST = NamedDataset(
    name="fashion_mnist",
    title="Fashion-MNIST clothes",
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    image_shape=(28, 28, 1),
    train_count=60_000,
    test_count=10_000,
    folders=("fashion-mnist", "fashion_mnist", "FashionMNIST"),
    layouts=(
        Layout("idx", _IDX_FILES, folders=("", "raw")),
        Layout("idx", _GZIPPED_IDX_FILES, folders=("", "raw")),
    ),
    downloads=_FASHION_MNIST_DOWNLOADS,
    # Keras's own name for the folder, so that Keras finds the files as well.
    download_folder="fashion-mnist",
    known_hashes={file.name: file.known_hash or "" for file in _FASHION_MNIST_DOWNLOADS},
)

_CIFAR10_BINARY = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_CIFAR10_PYTHON = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")

_CIFAR10 = NamedDataset(
    name="cifar10",
    title="CIFAR-10 small color photographs",
    class_names=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    image_shape=(32, 32, 3),
    train_count=50_000,
    test_count=10_000,
    folders=("cifar10", "cifar-10", "CIFAR10"),
    layouts=(
        Layout(
            "cifar_binary",
            _CIFAR10_BINARY,
            folders=("", "cifar-10-batches-bin"),
            class_names_member="batches.meta.txt",
        ),
        Layout(
            "cifar_binary",
            _CIFAR10_BINARY,
            archive="cifar-10-binary.tar.gz",
            class_names_member="batches.meta.txt",
        ),
        Layout(
            "cifar_python",
            _CIFAR10_PYTHON,
            # Keras 3 unpacks its download into a folder called -target.
            folders=(
                "",
                "cifar-10-batches-py",
                "cifar-10-batches-py-target/cifar-10-batches-py",
            ),
        ),
        Layout(
            "cifar_python",
            _CIFAR10_PYTHON,
            archive="cifar-10-python.tar.gz",
        ),
    ),
    downloads=(
        Download(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "cifar-10-binary.tar.gz",
            "md5:c32a1d4ab5d03f1284b67883e8d87530",
            170_052_171,
        ),
    ),
    known_hashes={
        "cifar-10-binary.tar.gz": "md5:c32a1d4ab5d03f1284b67883e8d87530",
        "cifar-10-python.tar.gz": "md5:c58f30108f718f92721af3b95e74349a",
        # Of the files of cifar-10-python.tar.gz, as torchvision checks them.
        "data_batch_1": "md5:c99cafc152244af753f735de768cd75f",
        "data_batch_2": "md5:d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "md5:54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "md5:634d18415352ddfa80567beed471001a",
        "data_batch_5": "md5:482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "md5:40351d587109b95175f43aff81a1287e",
    },
)

_CIFAR100 = NamedDataset(
    name="cifar100",
    title="CIFAR-100 small color photographs",
    class_names=_CIFAR100_CLASSES,
    image_shape=(32, 32, 3),
    train_count=50_000,
    test_count=10_000,
    folders=("cifar100", "cifar-100", "CIFAR100"),
    layouts=(
        Layout(
            "cifar_binary",
            ("train.bin", "test.bin"),
            folders=("", "cifar-100-binary"),
            class_names_member="fine_label_names.txt",
        ),
        Layout(
            "cifar_binary",
            ("train.bin", "test.bin"),
            archive="cifar-100-binary.tar.gz",
            class_names_member="fine_label_names.txt",
        ),
        Layout(
            "cifar_python",
            ("train", "test"),
            folders=("", "cifar-100-python", "cifar-100-python-target/cifar-100-python"),
        ),
        Layout(
            "cifar_python",
            ("train", "test"),
            archive="cifar-100-python.tar.gz",
        ),
    ),
    downloads=(
        Download(
            "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
            "cifar-100-binary.tar.gz",
            "md5:03b5dce01913d631647c71ecec9e9cb8",
            168_513_733,
        ),
    ),
    known_hashes={
        "cifar-100-binary.tar.gz": "md5:03b5dce01913d631647c71ecec9e9cb8",
        "cifar-100-python.tar.gz": "md5:eb9058c3a382ffc7106e4002c42a8d85",
        # Of the files of cifar-100-python.tar.gz, as torchvision checks them.
        "train": "md5:16019d7e3df5f24257cddd939b257f8d",
        "test": "md5:f0ef6b0ae62326f3e7ffdfab6717acfc",
    },
)

NAMED_DATASETS: Mapping[str, NamedDataset] = {
    named.name: named for named in (_DIGITS, _MNIST, _FASHION_MNIST, _CIFAR10, _CIFAR100)
}
